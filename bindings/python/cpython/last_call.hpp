#pragma once
// The callstack of this thread if it is still in the call that allocated last, at the same
// instruction. Most allocations are, so the allocators' wrappers look here before fil.h has to ask
// the source.
//
// The same answer as the source's (frame_walk.hpp) in fewer steps: offsets are constants, with one
// instantiation for each version; the wrappers are called with the interpreter lock, so the current
// thread state is this thread's; and nothing is written, so no guard is needed. What is read may
// belong to another thread by now (thread_words): fil_record_alloc_known() believes it only where
// it does not. Hot path: no allocation, no throw, no locks.
#include "frame_walk.hpp"

namespace fil::python {

// Of a version whose newest frame is stamped.
template <typename Frames, const python_layout& Layout>
struct last_call {
    static constexpr const python_layout& layout = Layout;

    static fil_callstack callstack() {
        const void* const walk = this_thread.walk;
        if (walk == nullptr) [[unlikely]]
            return FIL_CALLSTACK_NONE;
        const address state = *this_thread.state_slot;
        if (state == 0) [[unlikely]]
            return FIL_CALLSTACK_NONE;
        const Frames frames{layout};
        return static_cast<const thread_walk*>(walk)->same_call(
            current_frame<Frames>(layout, state), frames);
    }
};

// What an allocator's wrapper does with it.
template <typename LastCall>
struct known_callstack {
    static void* record(void* block, std::size_t bytes) {
        return fil_record_alloc_known(block, bytes, LastCall::callstack());
    }
};
// Where it is a part of the callstack alone: native frames are merged with it.
template <typename LastCall>
struct known_call {
    static void* record(void* block, std::size_t bytes) {
        return fil_record_alloc_in_call(block, bytes, LastCall::callstack());
    }
};
// Of any other version: the source is asked each time.
struct not_known {
    static void* record(void* block, std::size_t bytes) {
        return fil_record_alloc_known(block, bytes, FIL_CALLSTACK_NONE);
    }
};

}  // namespace fil::python
