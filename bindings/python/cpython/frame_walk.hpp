#pragma once
// The callstack of a thread that runs Python: how it is found, and what is kept for the next time.
//
//     thread state -> current frame -> remembered chain -> node cache -> code names -> call tree
//                                      (all unchanged)    (known child)  (first time)
//
// Each stage is asked only for what the one before it did not know. thread_walk is the memory that
// fil.h gives a source in every thread: it starts zeroed. It may come from a thread that has ended;
// nothing in it is believed that is not proved again. When fil_generation() changes, what was
// remembered of the code that died is dropped, or all of it where the reason is another. Hot path:
// no allocation, no throw; the first sight of a function takes a lock of the core.
#include <cstdint>

#include "asking_threads.hpp"
#include "code_names.hpp"
#include "data_stack.hpp"
#include "errand.hpp"
#include "fil.h"
#include "main_start.hpp"
#include "node_cache.hpp"
#include "remembered_chain.hpp"
#include "runtime.hpp"
#ifdef FIL_VERIFY_FRAMES
#include "verify.hpp"
#endif

namespace fil::python {

// The pages of what a thread does not use are never touched.
struct thread_walk {
    std::uint64_t generation;  // never 0
    source_kit::remembered_chain<4096, 1024, data_stack_anchors> chain;
    code_names names;
    source_kit::node_cache<2048> nodes;
    errands errands_;
    asking_thread asks;

    // The callstack of frame `top` if it is the same call as last time, at the same place; or
    // FIL_CALLSTACK_NONE. Nothing is written.
    template <typename Frames>
    [[gnu::always_inline]] inline fil_callstack same_call(address top, const Frames& frames) const {
        if (generation != *the_runtime.generation) [[unlikely]]
            return FIL_CALLSTACK_NONE;
        const fil_callstack same = chain.same_as_last(top, frames);
#ifdef FIL_VERIFY_FRAMES
        if (same != FIL_CALLSTACK_NONE)
            the_verifier.verify(the_runtime, top, frames, chain.root(), same);
#endif
        return same;
    }

    // A child that the node cache does not know.
    [[gnu::noinline]] fil_callstack meet(fil_callstack caller, address frame, std::uint64_t key) {
        if (caller <= FIL_CALLSTACK_UNKNOWN && !code_names::is_shim(the_runtime.layout, frame)) {
            the_main_start.meet_outermost(the_runtime, code_of(the_runtime.layout, frame));
        }
        const fil_callstack callstack = names.callstack(the_runtime, caller, frame, key);
        nodes.insert(caller, key, callstack);
        return callstack;
    }

    // Code objects died, mostly: then only what was remembered of these is wrong.
    template <typename Frames>
    [[gnu::noinline]] void catch_up(std::uint64_t now) {
        // One that is new, or slept for long, does not know why. What others know stays: they wait
        // in a library, maybe, and are asked for (asking_threads.hpp).
        const bool is_late = generation == 0 || now - generation > 64;
        bool is_known = !is_late;
        while (is_known && generation != now) {
            const void* block;
            std::size_t bytes;
            is_known = fil_generation_cause(generation + 1, &block, &bytes) != 0;
            if (!is_known) break;
            const auto first = reinterpret_cast<address>(block);
            chain.forget_keys(Frames::first_key(first), Frames::keys_of(bytes));
            names.forget_code<Frames>(first, bytes);
            ++generation;
        }
        if (!is_known) {
            asks.forget(generation, now, !is_late);
            forget();
        }
        generation = now;
        nodes.forget();
        errands_.forget_code();
    }

  private:
    void forget() {
        chain.forget();
        names.forget();
        nodes.forget();
        errands_.forget();
    }
};

static_assert(sizeof(thread_walk) <= 1u << 20 && alignof(thread_walk) <= 64);

// The callstack of frame `top`, which is not 0, of this thread's `state`; FIL_CALLSTACK_UNKNOWN if
// no frame is a function's. `is_native`: the thread does not hold the interpreter lock.
template <typename Frames>
[[gnu::always_inline]] inline fil_callstack follow_frames(thread_walk& walk, address state,
                                                          address top, bool is_native) {
    const std::uint64_t generation = *the_runtime.generation;
    if (walk.generation != generation) [[unlikely]]
        walk.catch_up<Frames>(generation);
    const Frames frames{the_runtime.layout, state};
    const auto child = [&walk](fil_callstack caller, address frame, std::uint64_t key) {
        const fil_callstack known = walk.nodes.find(caller, key);
        return known != FIL_CALLSTACK_NONE ? known : walk.meet(caller, frame, key);
    };
    fil_callstack callstack = walk.chain.follow(top, frames, child);
    const fil_callstack root = walk.errands_.root<Frames>(the_runtime, walk.names, walk.chain);
    if (root != walk.chain.root()) [[unlikely]] {
        walk.chain.stand_on(root);
        callstack = walk.chain.follow(top, frames, child);
    }
    if (walk.errands_.may_change()) [[unlikely]]
        walk.chain.distrust_last();
    walk.asks.note(the_runtime, state, callstack, is_native);
#ifdef FIL_VERIFY_FRAMES
    the_verifier.verify(the_runtime, top, frames, walk.chain.root(), callstack);
#endif
    return callstack;
}

}  // namespace fil::python
