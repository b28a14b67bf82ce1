#pragma once
// The seam of stacks: where do those end that the system made?
//
// Concept `stack_ends`, a type with two static functions:
//
//     nearest_end(sp)      the end (the highest address) of the stack that the calling thread was
//                          made with, if it is above `sp`; whether sp is on that stack is not said.
//                          0: not known
//     is_readable(page)    whether the page that begins there can be read now
//
// Called inside an event, rarely: no malloc, no throw, errno kept, async-signal-safe.

#include <concepts>
#include <cstdint>

namespace fil {

template <typename Ends>
concept stack_ends = requires(std::uintptr_t place) {
    { Ends::nearest_end(place) } -> std::same_as<std::uintptr_t>;
    { Ends::is_readable(place) } -> std::same_as<bool>;
};

// Knows no stack: a callstack ends with the page that it begins on.
struct null_stack_ends {
    static std::uintptr_t nearest_end(std::uintptr_t) { return 0; }
    static bool is_readable(std::uintptr_t) { return false; }
};
static_assert(stack_ends<null_stack_ends>);

}  // namespace fil
