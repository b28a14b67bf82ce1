#pragma once
// The seam of signal stacks: where may a signal handler of this thread run, and is it running
// there?
//
// Concept `signal_stacks`: a static function of_this_thread() that tells of the calling thread's
// alternate signal stack (sigaltstack). `active`: the caller is on it now. Called inside an event,
// but rarely: no malloc, no throw, errno kept, async-signal-safe.

#include <concepts>
#include <cstdint>

namespace fil {

struct alternate_stack {
    std::uintptr_t begin;
    std::uintptr_t end;
    bool active;
};

template <typename Stacks>
concept signal_stacks = requires {
    { Stacks::of_this_thread() } -> std::same_as<alternate_stack>;
};

// For programs without alternate signal stacks.
struct null_signal_stacks {
    static alternate_stack of_this_thread() { return {0, 0, false}; }
};
static_assert(signal_stacks<null_signal_stacks>);

}  // namespace fil
