#pragma once
// The process's one recorder: when it exists, and how an event of the calling thread reaches it.
//
// The pointer to the recorder stands on a page that a forked child finds zeroed, however it was
// forked: zero means "a new process", which starts a recorder of its own at its first event. The
// registry's leaves are wiped the same way; locks and threads that vanished in the fork belong to
// the recorder left behind.
//
// Hot path: no allocation, no throw, errno kept. Starting (once a process) makes system calls.

#include <pthread.h>

#include "fil/base/generation.hpp"
#include "fil/base/reentry_guard.hpp"
#include "os/signal_stack.hpp"
#include "process/process_sources.hpp"
#include "process/run_control.hpp"

namespace fil {

extern template class recorder<process_sources, session_words, linux_system, process_registry>;

// A few words of each thread; nothing here has a destructor.
struct thread_words {
    reentry_guard<system_signal_stacks> guard;
    bool lease_returned;     // the thread is ending
    std::uint32_t silenced;  // by fil_guard_raise(): events that shall not be recorded
    std::uint32_t pools;     // of these by fil_pool_begin(): memory is taken for a pool
    thread_state* state;
    uncounted_range around_pool;

    // The guard is up by request; no event is under way.
    bool is_only_silenced() const { return silenced != 0 && guard.depth() == silenced; }
};
extern constinit thread_local thread_words this_thread __attribute__((tls_model("initial-exec")));

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

class process {
  public:
    // Starts recording here and, with the same options, in forked children.
    fil_status start(const fil_recorder_options& options);

    // Ends recording what start() began, here and in children; start() may be called again. Cold.
    fil_status stop();

    // The recorder, if one runs. A forked child's first call starts its own.
    process_recorder* running() {
        process_recorder* found = page_->recorder.load(std::memory_order_acquire);
        return found != nullptr ? found : running_slow();
    }

    // Runs event(recorder, thread_state) unless this thread is inside an event already; then
    // nested(recorder) instead. Both are copied, so that what they hold can stay in registers.
    template <typename Event, typename Nested>
    FIL_HOT void event(Event event, Nested nested);

    template <typename Event>
    FIL_HOT void event(Event run) {
        event(run, [](process_recorder& r) {
            if (this_thread.silenced == 0) r.count(r.header().missed_events);
        });
    }

    // An event that is recorded where only allocations are silenced, too, if `is_wanted` there.
    template <typename Event, typename Wanted>
    void event_if_silenced(Event event, Wanted is_wanted) {
        this->event(event, [=](process_recorder& recorder) {
            thread_words& words = this_thread;
            if (words.is_only_silenced() && words.state != nullptr) {
                if (!is_wanted()) return;
                const guarded_scope inside(words.guard);
                event(recorder, *words.state);
                recorder.end_event(*words.state);
            } else if (words.silenced == 0) {
                recorder.count(recorder.header().missed_events);
            }
        });
    }

    // The fast path into an event: true with the guard raised, and then leave(). False in a new
    // process or thread, or inside an event: event() sees to that.
    FIL_HOT bool enter(thread_state*& thread) {
        if (page_->recorder.load(std::memory_order_acquire) == nullptr) [[unlikely]]
            return false;
        thread = this_thread.state;
        if (thread == nullptr) [[unlikely]]
            return false;
        return this_thread.guard.enter(place_of_call());
    }
    // The recorder, once it is built, is always at the same place: no load needs to say where.
    FIL_HOT process_recorder& recorder() { return *reinterpret_cast<process_recorder*>(recorder_); }
    FIL_HOT static void leave() { this_thread.guard.leave(); }

    void close();
    void reopen();
    void count_sandboxed(int change);
    void shrink_recording(process_recorder& recorder, std::uint64_t bytes) {
        recorder.memory().shrink<system_pages>(bytes);
        recording_bytes_ = recorder.memory().bytes();
    }

    // The recorder between runs and after a stop as well; nullptr if there is none, or it belongs
    // to a parent.
    process_recorder* idle_or_running() {
        const process_state state = page_->state.load(std::memory_order_acquire);
        const bool is_built = state == process_state::running || state == process_state::idle ||
                              state == process_state::stopped;
        return is_built ? &recorder() : nullptr;
    }

    // Between runs: what happens then is nobody's business.
    bool is_idle() const {
        return page_->state.load(std::memory_order_relaxed) == process_state::idle;
    }

    // A run, of a process that records on request. check_run() says whether one could begin, and if
    // not, why; end_run() needs one that is on. Not inside an event.
    bool records_on_request() const { return (options_.flags & FIL_ON_REQUEST) != 0; }
    fil_status check_run();
    fil_status begin_run(const fil_run_options& options);
    fil_status end_run(fil_run_numbers& numbers);
    const char* session_text() const { return session_text_; }

    process_sources& sources() { return sources_; }
    spin_lock& lock() { return lock_; }
    fil::generation& generation() { return generation_; }
    // A lock-free atomic is its value in memory.
    const std::uint64_t* generation_address() const {
        static_assert(sizeof generation_.number() == sizeof(std::uint64_t));
        return reinterpret_cast<const std::uint64_t*>(&generation_.number());
    }

    // The recording itself, for a report made in this process.
    recording_memory* private_recording();
    session_page* session() { return session_; }

  private:
    template <typename Event, typename Nested>
    FIL_RARE void event_slow(Event event, Nested nested, std::uintptr_t here);
    process_recorder* running_slow();
    bool prepare();
    bool may_try_again() const;
    fil_status start_again(const fil_recorder_options& options);
    void record_again();
    fil_status why_started() const;
    fil_status why_unrecorded() const;
    bool may_start() const {
        return started_ && page_->state.load(std::memory_order_relaxed) == process_state::fresh;
    }
    bool build();
    bool build_privately(std::uint64_t bytes);
    bool build_in_session();
    void unmap_what_was_made();
    void not_recorded(session_page* parents);
    void lease(process_recorder& recorder);

    // What every event reads comes first.
    process_page* page_ = &first_page_;
    alignas(process_recorder) std::byte recorder_[sizeof(process_recorder)] = {};
    process_sources sources_;
    fil::generation generation_;

    process_page first_page_{};
    bool started_ = false;
    bool stopped_ = false;  // since it was started; children know it by this
    fil_recorder_options options_{};
    char session_text_[256] = {};  // FIL_SESSION as it was at the start
    void* recording_ = nullptr;
    std::uint64_t recording_bytes_ = 0;
    std::int32_t owner_ = 0;  // who started recording: with FIL_ON_REQUEST, no child does
    session_page* session_ = nullptr;
    pthread_key_t lease_key_ = 0;
    run_control runs_;
    spin_lock lock_;  // registering sources, the working directory's buffer
};

// Hidden, said here too, so that the compiler addresses it without a detour.
extern constinit process this_process __attribute__((visibility("hidden")));

template <typename Event, typename Nested>
FIL_HOT void process::event(Event event, Nested nested) {
    process_recorder* recorder = page_->recorder.load(std::memory_order_acquire);
    thread_words& words = this_thread;
    thread_state* state = words.state;
    const std::uintptr_t here = place_of_call();
    if (recorder == nullptr && !may_start()) return;
    if (recorder == nullptr || state == nullptr || !words.guard.enter(here)) [[unlikely]] {
        return event_slow(event, nested, here);
    }
    event(*recorder, *state);
    recorder->end_event(*state);
    words.guard.leave();
}

// A process that is new, a thread that is new or ending, or an event inside an event.
template <typename Event, typename Nested>
FIL_RARE void process::event_slow(Event event, Nested nested, std::uintptr_t here) {
    process_recorder* recorder = running();
    if (recorder == nullptr) return;
    thread_words& words = this_thread;
    if (words.guard.raised(here)) return nested(*recorder);
    words.silenced = words.pools = 0;  // whoever raised it and is gone
    const guarded_scope guarded(words.guard, here);
    if (words.state == nullptr) lease(*recorder);
    if (words.state != nullptr) {
        event(*recorder, *words.state);
        recorder->end_event(*words.state);
    } else {
        recorder->with_shared_state([&](thread_state& shared) { event(*recorder, shared); });
    }
}

}  // namespace fil
