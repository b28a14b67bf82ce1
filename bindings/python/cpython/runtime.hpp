#pragma once
// What the frame walk knows about the interpreter of this process, and which thread state is ours.
//
// Filled once, when the interpreter is found, and constant from then on. What asks for a thread
// state is called from any thread, with or without the interpreter lock. Hot path: no allocation,
// no throw.
#include <pthread.h>

#include "fil.h"
#include "frames.hpp"
#include "object_layout.hpp"
#include "python_symbols.hpp"
#include "state_accessor.hpp"
#include "version_layout.hpp"

namespace fil::python {

// Where an object of the loader's lies.
struct module_range {
    address begin = 0, end = 0;
    bool holds(address place) const { return place - begin < end - begin; }
};

struct alignas(64) python_runtime {   // what a capture reads first
    const std::uint64_t* generation;  // fil_generation(), in place
    python_layout layout;
    const object_layout* objects;  // NULL: not known
    bool reads_frames;  // with that layout, rather than through the public API, or not at all
    python_symbols symbols;
    // The thread state of whoever holds the lock; from 3.12 that of this thread, if it does.
    void* (*unchecked_thread_state)();
    accessed_variable state_variable;  // what that function reads
    module_range module;               // that the interpreter is in
};

// The interpreter of this process. Hidden, said here too, so that the compiler addresses it without
// a detour.
extern constinit python_runtime the_runtime __attribute__((visibility("hidden")));

// pthread_self(), without a call where that is known to be the thread pointer.
#if defined(__x86_64__) && defined(__GLIBC__)
inline pthread_t this_pthread() {
    return reinterpret_cast<pthread_t>(__builtin_thread_pointer());
}
#else
inline pthread_t this_pthread() {
    return pthread_self();
}
#endif

// What a thread keeps to be quick the next time.
struct thread_words {
    // Where it finds what unchecked_thread_state() returns; NULL until that is proved. Set only
    // once the interpreter is initialised.
    const address* state_slot;
    // Once state_slot is set: the memory that fil.h gave the source in this thread last. Another
    // thread may have it by now; then what is read there must not be believed.
    const void* walk;
    // What stands for this thread where it works for another, and what started it (errand.hpp); 0:
    // not asked yet.
    fil_function errand;
    fil_callstack started;
};
extern constinit thread_local thread_words this_thread __attribute__((tls_model("initial-exec")));

// What unchecked_thread_state() returns. Where the variable holds the answer and `may_keep`, sets
// state_slot.
address ask_for_thread_state(const python_runtime& runtime, bool may_keep);

// The thread state of a thread that does not hold the lock; its frames stand still meanwhile.
// Py_IsInitialized() turns false as soon as the interpreter starts to finalise: from then on the
// states of other threads are taken down, and the key behind the next call may be deleted.
inline address thread_state_without_lock(const python_runtime& runtime) {
    if (!runtime.symbols.Py_IsInitialized()) return 0;
    return reinterpret_cast<address>(runtime.symbols.PyGILState_GetThisThreadState());
}

// Whether a thread state is the calling thread's.
template <typename Frames>
inline bool is_own_state(const python_layout& layout, address state) {
    return state != 0 &&
           (!Frames::shares_state || load<pthread_t>(state, layout.thread_id) == this_pthread());
}

// The frame that runs now, or 0.
template <typename Frames>
inline address current_frame(const python_layout& layout, address state) {
    const address found = load(state, layout.thread_frame);
    return Frames::has_cframe ? load(found, layout.cframe_frame) : found;  // never a null cframe
}

}  // namespace fil::python
