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

// With the guard raised. A thread may have no counters: it is ending, or there was no room.
template <typename Event>
void record(process_recorder& recorder, Event event) {
    if (thread_state* state = this_thread.state) {
        event(recorder, *state);
        recorder.end_event(*state);
    } else {
        recorder.with_shared_state([&](thread_state& shared) { event(recorder, shared); });
    }
}

// A process that is new, a thread that is new or ending, or an event inside an event.
template <typename Event, typename Nested>
FIL_RARE void event_slow(Event event, Nested nested, std::uintptr_t here) {
    process_recorder* recorder = this_process.running();
    if (recorder == nullptr) return;
    thread_words& words = this_thread;
    if (words.guard.raised(here)) return nested(*recorder);
    words.silenced = words.pools = 0;  // whoever raised it and is gone
    const raised_guard inside(words.guard, here);
    if (words.state == nullptr) lease_counters(*recorder);
    record(*recorder, event);
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

// The guard is up by request (thread_words::is_only_silenced), and no event is under way.
template <typename Event>
void record_in_silence(process_recorder& recorder, Event event) {
    const raised_guard inside(this_thread.guard);
    record(recorder, event);
}

// An event that is recorded where only allocations are silenced, too, if `is_wanted` there.
template <typename Event, typename Wanted>
void event_if_silenced(Event run, Wanted is_wanted) {
    event(run, [=](process_recorder& recorder) {
        if (this_thread.is_only_silenced() && is_wanted())
            record_in_silence(recorder, run);
        else if (this_thread.silenced == 0)
            recorder.count(recorder.header().missed_events);
    });
}

// What goes is gone, silenced or not.
constexpr auto always = [] { return true; };

}  // namespace fil::entry
