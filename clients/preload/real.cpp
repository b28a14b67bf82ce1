#include "real.hpp"

#include <atomic>
#include <cerrno>

#include "next_definition.hpp"
#include "operators.hpp"
#include "other_allocator.hpp"
#include "start.hpp"

namespace fil::preload {

namespace {

// The function behind each pointer at first.
#define FIL_HOOK(result, name, parameters, arguments) \
    result first_##name parameters {                  \
        return find_and_decide().name arguments;      \
    }
#define FIL_HOOK_OPTIONAL(result, name, parameters, arguments)
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE

constinit real_functions found{};
constinit std::atomic<bool> all_found{false};
constinit std::atomic<bool> published{false};

void find_all() {
#define FIL_HOOK(result, name, parameters, arguments) \
    found.name = reinterpret_cast<decltype(found.name)>(next_definition(#name).address);
#define FIL_HOOK_OPTIONAL FIL_HOOK
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
    find_operators(find_other_allocator());
}

// Word by word: another thread may be calling through the table meanwhile.
void publish() {
#define FIL_HOOK(result, name, parameters, arguments) \
    __atomic_store_n(&real.name, found.name, __ATOMIC_RELAXED);
#define FIL_HOOK_OPTIONAL FIL_HOOK
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
    published.store(true, std::memory_order_release);
}

}  // namespace

constinit real_functions real{
#define FIL_HOOK(result, name, parameters, arguments) .name = first_##name,
#define FIL_HOOK_OPTIONAL(result, name, parameters, arguments) .name = nullptr,
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
};

const real_functions& find_and_decide(bool last_chance) {
    if (published.load(std::memory_order_acquire)) return found;
    int kept = errno;
    // Should several threads come here at once, they all write the same values.
    if (!all_found.load(std::memory_order_acquire)) {
        find_all();
        all_found.store(true, std::memory_order_release);
    }
    if (decide_whether_to_record(last_chance)) publish();
    errno = kept;
    return found;
}

}  // namespace fil::preload
