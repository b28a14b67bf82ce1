#include "process/thread_words.hpp"

#include "os/os.hpp"
#include "os/refused_call.hpp"
#include "os/thread_key.hpp"
#include "process/pool_threads.hpp"
#include "process/process_life.hpp"

namespace fil {

constinit thread_local thread_words this_thread{};

namespace {

constinit os::thread_key lease_key;

// A thread ends: its lease goes back. Destructors of other keys may still allocate afterwards;
// their events go through the shared state.
void return_lease(void* state) {
    // In a forked child this drops what the thread had: the parent's lease is not the child's.
    process_recorder* recorder = this_process.idle_or_running();
    thread_words& words = this_thread;
    const bool is_ours = words.state == state;
    words.state = nullptr;
    words.lease_returned = true;
    const raised_guard inside(words.guard);
    pool_threads::end();
    if (recorder != nullptr && is_ours) recorder->give_back(*static_cast<thread_state*>(state));
}

}  // namespace

bool prepare_leases() {
    const int no_key = lease_key.make(return_lease);
    if (no_key != 0) note_refusal(refused_call::none, no_key);
    return no_key == 0;
}

void lease_counters(process_recorder& recorder) {
    thread_words& words = this_thread;
    if (words.lease_returned) return;
    const os::keep_errno keep;
    words.state = recorder.lease();
    if (words.state != nullptr) lease_key.set(words.state);
}

}  // namespace fil
