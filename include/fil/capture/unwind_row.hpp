#pragma once
// A row: how to get from one frame to its caller, in eight bytes.
//
// It is what a module's unwind tables (unwind_tables.hpp) say of one return address, digested once
// and then kept by whoever meets that address again. It names two registers, the stack pointer and
// the frame pointer; what needs others is `other`, and is left to careful_walk.hpp.

#include <cstdint>

namespace fil {

// Where the caller's stack begins, that is where it stood before the call.
enum class stack_rule : std::uint8_t {
    untold,   // no table tells: the code is in no module, or is assembly without
    sp,       // sp + offset
    fp,       // fp + offset
    loaded,   // the word at fp + offset: of a function that aligns its stack
    handler,  // what a signal handler returns to: the kernel's words are there
    outermost,
    other
};

// What the caller's frame pointer was.
enum class fp_rule : std::uint8_t {
    kept,
    at_stack,  // saved at the beginning of the caller's stack + offset
    at_fp,     // saved at fp + offset
    lost
};

struct unwind_row {
    std::int32_t stack_offset = 0;
    std::int16_t fp_offset = 0;
    stack_rule stack = stack_rule::untold;
    fp_rule fp = fp_rule::kept;

    // Whether the stack is found by way of the frame pointer.
    bool uses_fp() const {
        return stack == stack_rule::fp || stack == stack_rule::loaded || fp == fp_rule::at_fp;
    }
};
static_assert(sizeof(unwind_row) == 8);

}  // namespace fil
