#pragma once
// One event of a trace: a block or a mapping came or went, in one thread, at a time.
//
// Blocks have numbers, counted from 0 in the order in which they came; a block that realloc moves
// or resizes goes and comes again under a new number, in one event. Plain values.

#include <cstdint>

#include "fil/base/ids.hpp"

namespace fil::trace {

// The last two say, of a large block or mapping that is about to go or is there at the end, how
// many bytes of it were ever resident: a program may ask for more than it uses.
enum class operation : std::uint8_t {
    allocate,
    release,
    reallocate,
    map,
    unmap,
    touched_block = 7,  // 5 and 6 mean something else in the file
    touched_mapping = 8
};

// Whose a block or a mapping is. A replay takes a runtime's blocks or its arenas, never both.
enum class layer : std::uint8_t {
    program,        // from malloc, or mapped by whoever
    runtime_block,  // a small object of a runtime's: from an allocator that takes arenas
    runtime_arena   // such an arena
};

enum class block_number : std::uint64_t {};

struct event {
    operation what = operation::allocate;
    layer of = layer::program;
    mapping_kind kind = mapping_kind::anonymous;  // of a mapping
    std::uint8_t alignment_log2 = 0;              // asked for; 0: any
    bool zeroed = false;                          // by calloc
    std::uint32_t thread = 0;
    callstack_id callstack = callstack_id::none;  // of what comes
    std::uint64_t bytes = 0;                      // of what comes, of mappings; that were touched
    block_number block{};                         // that came, that is released, or was reallocated
    block_number moved_to{};                      // by reallocate
    std::uint64_t address = 0;                    // of a mapping
    std::uint64_t milliseconds = 0;               // since the trace began
};

}  // namespace fil::trace
