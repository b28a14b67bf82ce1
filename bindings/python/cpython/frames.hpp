#pragma once
/* Reading an interpreter's structs in place: loads at offsets, nothing written, nothing called.
 *
 * Every address comes from the interpreter itself and belongs to the calling thread, whose frames
 * cannot move while it is here. Any thread for its own frames; no locks. Hot path: no allocation,
 * no throw.
 */
#include <cstdint>
#include <cstring>

#include "layout.hpp"

namespace fil::python {

using address = std::uintptr_t; /* of something in the interpreter; 0 = none */

template <typename Value = address>
inline Value load(address object, std::uint32_t offset) {
    Value value;
    std::memcpy(&value, reinterpret_cast<const void*>(object + offset), sizeof value);
    return value;
}

/* How one frame is read. A frame's key names its code object and the instruction it stands at, as
 * long as that code object lives: from 3.11 the instruction's address, which lies inside the code
 * object. */
struct pointer_frames {
    std::uint32_t previous_offset;
    std::uint32_t instruction_offset;

    explicit pointer_frames(const python_layout& layout)
        : previous_offset(layout.frame_previous), instruction_offset(layout.frame_instruction) {}

    address previous(address frame) const { return load(frame, previous_offset); }
    std::uint64_t key(address frame) const { return load(frame, instruction_offset); }
};

/* Up to 3.10 the instruction is an index, packed beside the code object's address. Those are 16
 * bytes aligned and at least 176 long: 2^17 x 16 indices fit before a key could name another code
 * object. A new frame's index is -1. */
struct index_frames {
    std::uint32_t previous_offset;
    std::uint32_t code_offset;
    std::uint32_t instruction_offset;

    explicit index_frames(const python_layout& layout)
        : previous_offset(layout.frame_previous),
          code_offset(layout.frame_code),
          instruction_offset(layout.frame_instruction) {}

    static constexpr std::uint64_t pack(address code, std::int32_t index) {
        return (static_cast<std::uint64_t>(code) << 17) +
               static_cast<std::uint64_t>(std::int64_t{index});
    }

    address previous(address frame) const { return load(frame, previous_offset); }
    std::uint64_t key(address frame) const {
        return pack(load(frame, code_offset), load<std::int32_t>(frame, instruction_offset));
    }
};

}  // namespace fil::python
