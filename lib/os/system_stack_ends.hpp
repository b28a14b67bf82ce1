#pragma once
// The ends of stacks that Linux and the C library made, and what can be read. Takes no lock.

#include <cstdint>

#include "fil/base/stack_ends.hpp"

namespace fil {

struct system_stack_ends {
    static std::uintptr_t nearest_end(std::uintptr_t sp);
    // The end of the stack on which `place` is, of the thread with this thread pointer.
    static std::uintptr_t end_of(std::uintptr_t place, std::uintptr_t thread);
    static bool is_readable(std::uintptr_t page);
};
static_assert(stack_ends<system_stack_ends>);

}  // namespace fil
