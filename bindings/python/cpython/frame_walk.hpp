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

/* The callstack of frame `top`, which is not 0. */
template <typename Frames>
[[gnu::always_inline]] inline fil_callstack capture_from(const python_runtime& runtime,
                                                         void* memory, address top,
                                                         std::uint64_t generation) {
    thread_walk& walk = aligned_walk(memory);
    if (walk.generation != generation) [[unlikely]]
        walk.forget(generation);
    const Frames frames(runtime.layout);
    const auto child = [&](fil_callstack caller, address frame, std::uint64_t key) {
        const fil_callstack known = walk.nodes.find(caller, key);
        return known != FIL_CALLSTACK_NONE ? known : walk.meet(runtime, caller, frame, key);
    };
    const fil_callstack callstack = walk.chain.follow(top, frames, child);
#ifdef FIL_VERIFY_FRAMES
    the_verifier.verify(runtime, top, frames, callstack);
#endif
    return callstack;
}

/* Where the thread state must be asked for. */
template <typename Frames>
[[gnu::noinline]] fil_callstack capture_asking(const python_runtime& runtime, void* memory) {
    const address state = current_thread_state<Frames>(runtime);
    if (state == 0 || memory == nullptr) return FIL_CALLSTACK_NONE;
    const address top = current_frame<Frames>(runtime.layout, state);
    if (top == 0) return FIL_CALLSTACK_NONE;
    return capture_from<Frames>(runtime, memory, top, fil_generation() + 1);
}

/* fil_source::capture, but for FIL_CALLSTACK_UNKNOWN: there are only frames of no function. */
template <typename Frames>
inline fil_callstack capture_frames(const python_runtime& runtime, void* memory) {
    const std::uint64_t generation = fil_generation() + 1;
    const address* const slot = state_slot;
    if (slot == nullptr || memory == nullptr) return capture_asking<Frames>(runtime, memory);
    const address state = *slot;
    if (!is_own_state<Frames>(runtime.layout, state))
        return capture_asking<Frames>(runtime, memory);
    const address top = current_frame<Frames>(runtime.layout, state);
    if (top == 0) return FIL_CALLSTACK_NONE;
    return capture_from<Frames>(runtime, memory, top, generation);
}

}  // namespace fil::python
