#pragma once
// Reading an interpreter's structs in place: loads at offsets, nothing written, nothing called.
//
// Every address comes from the interpreter itself and belongs to the calling thread, whose frames
// cannot move while it is here. Any thread for its own frames; no locks. Hot path: no allocation,
// no throw.
//
// One thing is written: the stamp of the newest frame. It is a word that the interpreter sets to
// one value whenever that frame starts, calls a Python function, or is resumed, and that means the
// same to the interpreter with ours in it: 3.9, 3.10   f_trace_lines, a truth value, 1 in every new
// frame; not in generators, whose frames outlive a call 3.11-3.13   stacktop, -1 while a frame
// runs: every negative number says "not known" A frame that holds another value, or a version
// without such a word, is not stamped.
#include <cstdint>

#include "memory_reading.hpp"
#include "version_layout.hpp"

namespace fil::python {

using source_kit::address;
using source_kit::load;
using source_kit::store;

// The code object of a frame. From 3.14 the two lowest bits of that pointer say how it is counted.
inline address code_of(const python_layout& layout, address frame) {
    return load(frame, layout.frame_code) & ~address{3};
}

// How one frame is read. A frame's key names its code object and the instruction it stands at, as
// long as that code object lives: from 3.11 the instruction's address, which lies inside the code
// object. HasCframe: the thread state points to a struct that points to the current frame.
// SharesState: the "current" thread state is that of whichever thread holds the lock.
template <bool HasCframe, bool SharesState>
struct pointer_frames {
    static constexpr bool has_cframe = HasCframe;
    static constexpr bool shares_state = SharesState;
    static constexpr bool callers_stay_stamped = false;
    const python_layout& layout;
    address state = 0;  // the thread's; needed for its pieces alone

    address previous(address frame) const { return load(frame, layout.frame_previous); }
    std::uint64_t key(address frame) const { return load(frame, layout.frame_instruction); }

    // The keys of code objects that begin in these bytes: the first, and how many.
    static std::uint64_t first_key(address first) { return first; }
    static std::uint64_t keys_of(std::size_t bytes) { return bytes; }

    // The pieces of memory that the thread's frames lie in (data_stack.hpp).
    address newest_piece() const { return load(state, layout.thread_piece); }
    address piece_below(address piece) const { return load(piece, layout.piece_below); }
    address first_frame(address piece) const { return piece + layout.piece_frames; }

    static constexpr std::int32_t running = -1, stamped = -2;
    bool is_stamped(address frame) const {
        return layout.frame_stamp != 0 && load<std::int32_t>(frame, layout.frame_stamp) == stamped;
    }
    void stamp(address frame) const {
        if (layout.frame_stamp == 0 || load<std::int32_t>(frame, layout.frame_stamp) != running)
            return;
        store(frame, layout.frame_stamp, stamped);
    }
};
using frames_3_11 = pointer_frames<true, true>;
using frames_3_12 = pointer_frames<true, false>;
using frames_3_13 = pointer_frames<false, false>;

// Up to 3.10 the instruction is an index, packed beside the code object's address. Those are 16
// bytes aligned and at least 176 long: 2^17 x 16 indices fit before a key could name another code
// object. A new frame's index is -1.
struct frames_3_9 {
    static constexpr bool has_cframe = false;
    static constexpr bool shares_state = true;
    static constexpr bool callers_stay_stamped = true;  // while they wait for what they called
    const python_layout& layout;
    address state = 0;

    static address newest_piece() { return 0; }  // each frame is an object
    static address piece_below(address) { return 0; }
    static address first_frame(address) { return 0; }

    static constexpr std::uint64_t pack(address code, std::int32_t index) {
        return (static_cast<std::uint64_t>(code) << 17) +
               static_cast<std::uint64_t>(std::int64_t{index});
    }

    address previous(address frame) const { return load(frame, layout.frame_previous); }
    std::uint64_t key(address frame) const {
        return pack(load(frame, layout.frame_code),
                    load<std::int32_t>(frame, layout.frame_instruction));
    }

    static std::uint64_t first_key(address first) { return pack(first, -1); }
    static std::uint64_t keys_of(std::size_t bytes) { return pack(bytes, 1); }

    static constexpr char fresh = 1, stamped = 3;
    bool is_stamped(address frame) const {
        return layout.frame_stamp != 0 && load<char>(frame, layout.frame_stamp) == stamped;
    }
    void stamp(address frame) const {
        if (layout.frame_stamp == 0 || load<char>(frame, layout.frame_stamp) != fresh) return;
        if (load(frame, layout.frame_generator) == 0) store(frame, layout.frame_stamp, stamped);
    }
};

}  // namespace fil::python
