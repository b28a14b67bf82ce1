#pragma once
// The calling thread's alternate signal stack, by the kernel and by what the hook of sigaltstack
// saw.

#include <cstddef>
#include <cstdint>

#include "fil/base/signal_stack.hpp"

namespace fil {

struct system_signal_stacks {
    static alternate_stack of_this_thread();
};
static_assert(signal_stacks<system_signal_stacks>);

// As the hook of sigaltstack saw it last; and again, if the kernel does not tell when it is in use:
// one that disarms itself while a handler runs on it (SS_AUTODISARM). The first is for sandboxes,
// where the kernel cannot be asked.
struct stack_range {
    std::uintptr_t begin;
    std::size_t bytes;
    bool holds(std::uintptr_t here) const { return here - begin < bytes; }
};
extern constinit thread_local stack_range disarming_stack, signal_stack  // native_linux.cpp
    __attribute__((tls_model("initial-exec")));

}  // namespace fil
