#pragma once
// What this process is: one of a few states, and the recorder that its events go to, if any.
//
//     fresh ----> starting ----> running, idle, unrecorded
//     running <-> closed                                    the last words are said, or taken back
//     idle <----> running                                   a run begins and ends
//     running, idle ----> stopped ----> running, idle       stopped, and started again
//
// Both stand on a page that a forked child finds zeroed, however it was forked: zero is `fresh`, a
// new process, which starts a recorder of its own at its first event.
// Threads: whoever changes a state takes it by change(), to `starting`, and then says what it is.

#include <atomic>

#include "fil/base/plain_word.hpp"
#include "process/process_recorder.hpp"

namespace fil {

// `idle`: records on request, and no run is on; events are ignored as if there were no recorder.
// `stopped`: its recording is still there, and events are ignored.
enum class process_state : std::uint32_t {
    fresh = 0,
    starting,
    running,
    closed,
    unrecorded,
    idle,
    stopped
};

struct process_page {
    std::atomic<process_recorder*> recorder;
    std::atomic<process_state> state;
};

class process_states {
  public:
    process_state now() const { return page_->state.load(std::memory_order_acquire); }

    // The state that was found: `from` if it is `to` now.
    process_state change(process_state from, process_state to) {
        page_->state.compare_exchange_strong(from, to);
        return from;
    }
    void be(process_state state) { page_->state.store(state); }

    // Null: events are ignored, or the process is new.
    process_recorder* recorder() const { return page_->recorder.load(std::memory_order_acquire); }
    void record_by(process_recorder& recorder) {
        page_->recorder.store(&recorder, std::memory_order_release);
        be(process_state::running);
    }
    void ignore_events() { page_->recorder.store(nullptr, std::memory_order_release); }

    // Once, before the first start: a page that a fork wipes.
    void stand_on(process_page& page) { page_ = &page; }

  private:
    seldom_written<process_page*> page_ = &first_page_;
    process_page first_page_{};
};

}  // namespace fil
