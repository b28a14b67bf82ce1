#include "sample.hpp"

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace sample {

const void* here;

[[gnu::noinline]] void remember() {
    here = __builtin_return_address(0);
}

[[gnu::always_inline]] inline void inlined(int& times) {
    remember();  // call of remember
    times = 1;
}

template <typename T>
[[gnu::noinline]] void outer(T& times) {
    inlined(times);  // call of inlined
    asm volatile("");
}

// Behind the exported functions, so that one of those stands before it.
[[gnu::noinline, gnu::section(".text.behind")]] void hidden() {
    remember();
    asm volatile("");
}

}  // namespace sample

EXPORTED const void* sample_inlined_call() {
    int times = 0;
    sample::outer(times);
    return sample::here;
}

EXPORTED const void* sample_hidden_call() {
    sample::hidden();
    return sample::here;
}

EXPORTED const void* sample_local_call() {
    const auto local = []() __attribute__((noinline)) {
        sample::remember();
        asm volatile("");
    };
    local();
    return sample::here;
}
