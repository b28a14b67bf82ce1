#pragma once
// For the build option that proves the walk (-Dverify_frames=true): walks each stack again, from
// the root, with nothing remembered and lines as the interpreter tells them, and aborts the program
// where the two differ.
//
// Deep stacks make that quadratic: beyond `limit` frames only every 64th capture is compared. Slow,
// not for users. Writes a line to the standard error when it fails and, at exit, how many captures
// it compared to the end of the file that the environment's FIL_VERIFY_COUNT names. Threads take
// turns.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "code_names.hpp"
#include "fil.h"
#include "runtime.hpp"

namespace fil::python {

class frame_verifier {
  public:
    template <typename Frames>
    void verify(const python_runtime& runtime, address top, const Frames& frames,
                fil_callstack root, fil_callstack found) {
        while (busy_.test_and_set(std::memory_order_acquire)) {
        }
        if (++captures_ % 64 == 0 || !is_deep(top, frames))
            compare(runtime, top, frames, root, found);
        busy_.clear(std::memory_order_release);
    }

    unsigned long compared() const { return compared_; }

  private:
    static constexpr std::uint32_t limit = 64;
    static constexpr std::uint32_t deepest = 1u << 19;

    template <typename Frames>
    static bool is_deep(address top, const Frames& frames) {
        std::uint32_t depth = 0;
        for (address frame = top; frame != 0; frame = frames.previous(frame)) {
            if (++depth > limit) return true;
        }
        return false;
    }

    template <typename Frames>
    void compare(const python_runtime& runtime, address top, const Frames& frames,
                 fil_callstack root, fil_callstack found) {
        const fil_callstack expected = walk(runtime, top, frames, root);
        ++compared_;
        if (expected == found) return;
        dprintf(2, "=fil-profile= frame walk: capture %lu found %u, expected %u\n", captures_,
                found, expected);
        abort();
    }

    template <typename Frames>
    fil_callstack walk(const python_runtime& runtime, address top, const Frames& frames,
                       fil_callstack callstack) {
        std::uint32_t depth = 0;
        for (address frame = top; frame != 0 && depth < deepest; frame = frames.previous(frame)) {
            stack_[depth++] = frame;
        }
        while (depth != 0) {
            const address frame = stack_[--depth];
            if (code_names::is_shim(runtime.layout, frame)) continue;
            const address code = code_of(runtime.layout, frame);
            const fil_function function = code_names::intern(runtime, code, text_, sizeof text_);
            if (function == 0) continue;
            const int offset = code_names::offset_of(runtime.layout, code, frame);
            const std::uint32_t line = code_names::line_or_first(
                runtime.layout, code,
                runtime.symbols.PyCode_Addr2Line(reinterpret_cast<void*>(code), offset));
            const fil_callstack child = fil_callstack_child(callstack, function, line);
            if (child != FIL_CALLSTACK_NONE) callstack = child;
        }
        return callstack;
    }

    std::atomic_flag busy_;
    unsigned long captures_ = 0;
    unsigned long compared_ = 0;
    address stack_[deepest] = {};
    char text_[16384] = {};
};

inline constinit frame_verifier the_verifier{};

[[gnu::destructor]] inline void say_how_many_were_compared() {
    const char* file = getenv("FIL_VERIFY_COUNT");
    const int descriptor = file != nullptr ? open(file, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
    if (descriptor < 0) return;
    dprintf(descriptor, "%lu\n", the_verifier.compared());
    close(descriptor);
}

}  // namespace fil::python
