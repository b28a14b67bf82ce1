#pragma once
// Where native code called into Python: the crossings of this thread's interpreter.
//
// Each call of the evaluation loop, a C function, runs some Python frames: up to 3.10 one, later
// also those that the first of them calls. Its own frame on the machine's stack is told by a struct
// of the interpreter's that lies in it:
//
//     3.9         none: the source names the loop (fil_source::runner)
//     3.10        CFrame, in a list; one for each Python frame
//     3.11        _PyCFrame, in a list, each with the frame that ran when the next began
//     later       the frame of no function (a shim), which stands among the Python frames
//
// Reads what the chain has proved in this very event. Hot path (uncommon part): no allocation, no
// throw.
#include "fil.h"
#include "frame_walk.hpp"

namespace fil::python {

template <typename Frames>
class crossing_list {
  public:
    crossing_list(const python_layout& layout, const thread_walk& walk)
        : layout_(layout), chain_(walk.chain), state_(walk.asks.state()) {}

    // Innermost first; returns how many. None where the chain is not the whole stack.
    std::size_t read(fil_crossing* crossings, std::size_t most) const {
        if (state_ == 0 || chain_.count() == 0 ||
            current_frame<Frames>(layout_, state_) != chain_.frame(chain_.count()))
            return 0;
        if (layout_.frame_owner != 0) return read_shims(crossings, most);
        return Frames::has_cframe ? read_cframes(crossings, most) : read_frames(crossings, most);
    }

  private:
    static const void* place(address at) { return reinterpret_cast<const void*>(at); }

    std::size_t read_shims(fil_crossing* crossings, std::size_t most) const {
        std::size_t found = 0;
        for (std::uint32_t at = chain_.count(); at != 0 && found != most; --at) {
            const address frame = chain_.frame(at);
            if (code_names::is_shim(layout_, frame))
                crossings[found++] = {chain_.callstack(at - 1), place(frame)};
        }
        return found;
    }

    // The thread state's own is the last one of the list, and of none.
    std::size_t read_cframes(fil_crossing* crossings, std::size_t most) const {
        std::size_t found = 0;
        std::uint32_t at = chain_.count();
        address cframe = load(state_, layout_.thread_cframe);
        while (cframe != 0 && found != most) {
            const address outer = load(cframe, layout_.cframe_previous);
            if (outer == 0) break;
            const address caller = load(outer, layout_.cframe_frame);
            while (at != 0 && chain_.frame(at) != caller) --at;
            crossings[found++] = {chain_.callstack(at), place(cframe)};
            cframe = outer;
        }
        return found;
    }

    std::size_t read_frames(fil_crossing* crossings, std::size_t most) const {
        std::size_t found = 0;
        address cframe = layout_.thread_cframe != 0 ? load(state_, layout_.thread_cframe) : 0;
        for (std::uint32_t at = chain_.count(); at != 0 && found != most; --at) {
            crossings[found++] = {chain_.callstack(at - 1), place(cframe)};
            if (layout_.thread_cframe == 0) continue;
            cframe = load(cframe, layout_.cframe_previous);
            if (cframe == 0) break;
        }
        return found;
    }

    const python_layout& layout_;
    const decltype(thread_walk::chain)& chain_;
    const address state_;
};

}  // namespace fil::python
