#pragma once
// How an event of the calling thread reaches the process's recorder: the entry.
//
// It asks, in this order: has this process a recorder (a forked child makes its own), is this an
// event inside an event, has this thread leased its counters? Then the event is run with the guard
// raised, on the recorder and the thread's state.
//
// Hot path: no allocation, no throw, errno kept; no lock and no system call but in a process or
// thread that is new.

#include "process/process_life.hpp"
#include "process/thread_words.hpp"

namespace fil::entry {

// ---- the fast path: enter, the event, leave ----

// True with the guard raised, and then leave(). False in a new process or thread, or inside an
// event: event() sees to that.
FIL_HOT bool enter(thread_state*& thread) {
    if (this_process.states().recorder() == nullptr) [[unlikely]]
        return false;
    thread = this_thread.state;
    if (thread == nullptr) [[unlikely]]
        return false;
    return this_thread.guard.enter(place_of_call());
}
FIL_HOT void leave() {
    this_thread.guard.leave();
}

// ---- whatever is about ----

// A process that is new, a thread that is new or ending, or an event inside an event.
template <typename Event, typename Nested>
FIL_RARE void event_slow(Event event, Nested nested, std::uintptr_t here) {
    process_recorder* recorder = this_process.running();
    if (recorder == nullptr) return;
    thread_words& words = this_thread;
    if (words.guard.raised(here)) return nested(*recorder);
    words.silenced = words.pools = 0;  // whoever raised it and is gone
    const guarded_scope guarded(words.guard, here);
    if (words.state == nullptr) lease_counters(*recorder);
    if (words.state != nullptr) {
        event(*recorder, *words.state);
        recorder->end_event(*words.state);
    } else {
        recorder->with_shared_state([&](thread_state& shared) { event(*recorder, shared); });
    }
}

// Runs event(recorder, thread_state) unless this thread is inside an event already; then
// nested(recorder) instead. Both are copied, so that what they hold can stay in registers.
template <typename Event, typename Nested>
FIL_HOT void event(Event event, Nested nested) {
    process_recorder* recorder = this_process.states().recorder();
    thread_words& words = this_thread;
    thread_state* state = words.state;
    const std::uintptr_t here = place_of_call();
    if (recorder == nullptr && !this_process.may_start()) return;
    if (recorder == nullptr || state == nullptr || !words.guard.enter(here)) [[unlikely]] {
        return event_slow(event, nested, here);
    }
    event(*recorder, *state);
    recorder->end_event(*state);
    words.guard.leave();
}

// An event inside an event is counted as missed; one that is silenced is not.
template <typename Event>
FIL_HOT void event(Event run) {
    event(run, [](process_recorder& recorder) {
        if (this_thread.silenced == 0) recorder.count(recorder.header().missed_events);
    });
}

// An event that is recorded where only allocations are silenced, too, if `is_wanted` there.
template <typename Event, typename Wanted>
void event_if_silenced(Event run, Wanted is_wanted) {
    event(run, [=](process_recorder& recorder) {
        thread_words& words = this_thread;
        if (words.is_only_silenced() && words.state != nullptr) {
            if (!is_wanted()) return;
            const guarded_scope inside(words.guard);
            run(recorder, *words.state);
            recorder.end_event(*words.state);
        } else if (words.silenced == 0) {
            recorder.count(recorder.header().missed_events);
        }
    });
}

}  // namespace fil::entry
