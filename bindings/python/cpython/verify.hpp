#pragma once
/* For the build option that proves the walk (-Dverify_frames=true): walks each stack again, from
 * the root, with nothing remembered, and aborts the program where the two differ.
 *
 * Deep stacks make it quadratic: beyond `limit` frames only every 256th capture is compared. Slow,
 * not for users; writes to file descriptor 2 when it fails, and the number of comparisons at exit
 * if the environment has FIL_VERIFY_COUNT.
 */
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "code_names.hpp"
#include "fil.h"
#include "runtime.hpp"

namespace fil::python {

inline std::atomic<unsigned long> verified_walks{0};

template <typename Frames>
fil_callstack naive_walk(const python_runtime& runtime, address top, const Frames& frames) {
    static thread_local address stack[100000];
    static thread_local char text[16384];
    std::uint32_t depth = 0;
    for (address frame = top; frame != 0 && depth < 100000; frame = frames.previous(frame)) {
        stack[depth++] = frame;
    }
    fil_callstack callstack = FIL_CALLSTACK_UNKNOWN;
    while (depth != 0) {
        const address frame = stack[--depth];
        if (code_names::is_shim(runtime.layout, frame)) continue;
        const address code = load(frame, runtime.layout.frame_code);
        const fil_function function = code_names::intern(runtime, code, text, sizeof text);
        if (function == 0) continue;
        const std::uint32_t line = code_names::line(runtime, code, frame);
        const fil_callstack child = fil_callstack_child(callstack, function, line);
        if (child != FIL_CALLSTACK_NONE) callstack = child;
    }
    return callstack;
}

template <typename Frames>
void verify_walk(const python_runtime& runtime, address top, const Frames& frames,
                 fil_callstack found) {
    constexpr std::uint32_t limit = 64;
    const unsigned long count = verified_walks.fetch_add(1, std::memory_order_relaxed);
    if (count % 256 != 0) {
        std::uint32_t depth = 0;
        for (address frame = top; frame != 0; frame = frames.previous(frame)) {
            if (++depth == limit) return;
        }
    }
    const fil_callstack expected = naive_walk(runtime, top, frames);
    if (expected == found) return;
    fprintf(stderr, "=fil-profile= frame walk differs: found %u, expected %u, walk %lu\n", found,
            expected, count);
    abort();
}

}  // namespace fil::python
