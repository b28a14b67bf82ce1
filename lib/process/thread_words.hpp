#pragma once
// A few words of each thread, and its lease of usage counters.
//
// A thread leases its counters at its first event (process_entry.hpp) and gives them back when it
// ends. Nothing here has a destructor: a key of the C library's notices the end.
// Hot path: no allocation, no throw, errno kept.

#include "fil/base/reentry_guard.hpp"
#include "os/system_signal_stacks.hpp"
#include "process/process_recorder.hpp"

namespace fil {

struct thread_words {
    reentry_guard<system_signal_stacks> guard;
    bool lease_returned;     // the thread is ending
    std::uint32_t silenced;  // by fil_guard_raise(): events that shall not be recorded
    std::uint32_t pools;     // of these by fil_pool_begin(): memory is taken for a pool
    thread_state* state;
    uncounted_range around_pool;

    // The guard is up by request; no event is under way.
    bool is_only_silenced() const { return silenced != 0 && guard.depth() == silenced; }

    // In a forked child, what this thread had belongs to the parent's recorder.
    void forget_parents() {
        state = nullptr;
        lease_returned = false;
        around_pool = {};
    }
};
extern constinit thread_local thread_words this_thread __attribute__((tls_model("initial-exec")));

// Once, before the first lease: false if the end of threads cannot be noticed.
bool prepare_leases();

// Gives this thread counters of its own. An ending thread gets none any more, nor does one for
// which there is no room.
void lease_counters(process_recorder& recorder);

}  // namespace fil
