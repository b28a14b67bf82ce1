#pragma once
/* The source of callstacks for a thread that runs Python: what capture does, and what it keeps.
 *
 *     thread state -> current frame -> remembered chain -> node cache -> code names -> call tree
 *                                      (all unchanged)    (known child)  (first time)
 *
 * Each stage is asked only for what the one before it did not know. thread_walk is the memory that
 * fil.h gives a source in every thread: it starts zeroed. It may come from a thread that has ended;
 * nothing in it is believed that is not proved again. It is dropped whenever fil_generation()
 * changes. Hot path: no allocation, no throw; the first sight of a function takes a lock of the
 * core.
 */
#include <cstdint>

#include "code_names.hpp"
#include "fil.h"
#include "node_cache.hpp"
#include "remembered_chain.hpp"
#include "runtime.hpp"
#ifdef FIL_VERIFY_FRAMES
#include "verify.hpp"
#endif

namespace fil::python {

/* The chain of 30,000 frames covers the deepest recursion that programs raise their limit to; the
 * pages of what a thread does not use are never touched. */
struct thread_walk {
    std::uint64_t generation; /* + 1, so that zero is none */
    remembered_chain<30000, 4096> chain;
    code_names names;
    node_cache<2048> nodes;

    /* A child that the node cache does not know. */
    [[gnu::noinline]] fil_callstack meet(const python_runtime& runtime, fil_callstack caller,
                                         address frame, std::uint64_t key) {
        const fil_callstack callstack = names.callstack(runtime, caller, frame, key);
        nodes.insert(caller, key, callstack);
        return callstack;
    }

    [[gnu::noinline]] void forget(std::uint64_t now) {
        generation = now;
        chain.forget();
        names.forget();
        nodes.forget();
    }
};

/* fil.h promises no alignment for a source's memory. */
inline constexpr std::size_t thread_walk_bytes = sizeof(thread_walk) + alignof(thread_walk);
static_assert(thread_walk_bytes <= 1u << 20);

inline thread_walk& aligned_walk(void* memory) {
    constexpr address mask = alignof(thread_walk) - 1;
    return *reinterpret_cast<thread_walk*>((reinterpret_cast<address>(memory) + mask) & ~mask);
}

/* fil_source::capture. FIL_CALLSTACK_NONE: this thread runs no Python. */
template <typename Frames>
[[gnu::always_inline]] inline fil_callstack capture_frames(void* context, void* memory) {
    const auto& runtime = *static_cast<const python_runtime*>(context);
    const address state = current_thread_state(runtime);
    if (state == 0 || memory == nullptr) return FIL_CALLSTACK_NONE;
    const address top = current_frame(runtime.layout, state);
    if (top == 0) return FIL_CALLSTACK_NONE;

    thread_walk& walk = aligned_walk(memory);
    const std::uint64_t generation = fil_generation() + 1;
    if (walk.generation != generation) [[unlikely]]
        walk.forget(generation);

    const Frames frames(runtime.layout);
    const auto child = [&](fil_callstack caller, address frame, std::uint64_t key) {
        const fil_callstack known = walk.nodes.find(caller, key);
        if (known != FIL_CALLSTACK_NONE) [[likely]]
            return known;
        const fil_callstack callstack = walk.names.callstack(runtime, caller, frame, key);
        walk.nodes.insert(caller, key, callstack);
        return callstack;
    };
    const fil_callstack callstack = walk.chain.follow(top, frames, child);
#ifdef FIL_VERIFY_FRAMES
    verify_walk(runtime, top, frames, callstack);
#endif
    return callstack == FIL_CALLSTACK_UNKNOWN ? FIL_CALLSTACK_NONE : callstack;
}

}  // namespace fil::python
