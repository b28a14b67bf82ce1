#include "process/thread_words.hpp"

#include <pthread.h>

#include "os/os.hpp"
#include "os/refusal.hpp"
#include "process/process_life.hpp"

namespace fil {

constinit thread_local thread_words this_thread{};

namespace {

constinit pthread_key_t lease_key = 0;

// A thread ends: its lease goes back. Destructors of other keys may still allocate afterwards;
// their events go through the shared state.
void return_lease(void* state) {
    // In a forked child this drops what the thread had: the parent's lease is not the child's.
    process_recorder* recorder = this_process.idle_or_running();
    thread_words& words = this_thread;
    const bool is_ours = words.state == state;
    words.state = nullptr;
    words.lease_returned = true;
    const guarded_scope guarded(words.guard);
    if (recorder != nullptr && is_ours) recorder->give_back(*static_cast<thread_state*>(state));
}

}  // namespace

bool prepare_leases() {
    const int no_key = pthread_key_create(&lease_key, return_lease);
    if (no_key != 0) note_refusal(0, no_key);
    return no_key == 0;
}

void lease_counters(process_recorder& recorder) {
    thread_words& words = this_thread;
    if (words.lease_returned) return;
    const os::keep_errno keep;
    words.state = recorder.lease();
    // For a key above these the C library asks calloc. That may be the program's own, in whose mmap
    // this is, with its lock held. A thread that pthread_create made is here before it begins; the
    // first thread has no such moment, and its lease ends with the process.
    constexpr pthread_key_t keys_without_calloc = 32;
    const bool may_set = lease_key < keys_without_calloc || !os::is_first_thread();
    if (words.state != nullptr && may_set) pthread_setspecific(lease_key, words.state);
}

}  // namespace fil
