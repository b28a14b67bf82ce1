#pragma once
// Usage: the counters of one callstack in one thread, and how they remember the peak.
//
// The exact peak in O(1), without copies (a variation of epoch-stamped counters): `peak` only
// rises, so its value names a moment. `settled_at` says for which peak `at_peak` holds. Before
// `now` changes, if the peak moved on since, then `now` is what it was at the peak:
//
//     if (settled_at != peak) { at_peak = now; settled_at = peak; }
//     now += change
//
// A reader takes at_peak where settled_at == peak, else now (track/peak.hpp says when the peak
// rises); recording/at_peak.hpp says in which order it looks. One thread writes a set; others only
// read, so nothing is exchanged.
//
// Hot path: no allocation, no throw.

#include "fil/base/inlining.hpp"
#include "fil/base/plain_word.hpp"
#include "fil/recording/memory.hpp"

namespace fil {

FIL_HOT void settle(usage_record& usage, std::int64_t peak) {
    constexpr auto relaxed = std::memory_order_relaxed;
    if (usage.settled_at.load(relaxed) != peak) {
        usage.at_peak.store(usage.now.load(relaxed), relaxed);
        // For a reader that looks meanwhile (lib/report/live_copy.hpp): in this order, and then the
        // change of `now`.
        usage.settled_at.store(peak, std::memory_order_release);
        std::atomic_thread_fence(std::memory_order_release);
    }
}

FIL_HOT void change_usage(usage_record& usage, std::int64_t peak, std::int64_t bytes) {
    settle(usage, peak);
    add_owned(usage.now, bytes);
}

FIL_HOT void count_allocation(usage_record& usage) {
    add_owned(usage.allocations, std::uint64_t{1});
}

// The usage of `callstack` in `set`, if it exists already.
FIL_HOT usage_record* known_usage_of(const recording_memory& memory, const usage_set_record& set,
                                     callstack_id callstack) {
    const std::uint32_t index = to_index(callstack);
    const page_number page =
        set.chunks[usage_chunk::chunk_of(index)].load(std::memory_order_acquire);
    if (page == page_number::none) [[unlikely]]
        return nullptr;
    return memory.at<usage_record>(page) + usage_chunk::slot_of(index);
}

// The usage of `callstack` in `set`, made on first touch; nullptr when the recording is full.
FIL_HOT usage_record* usage_of(recording_memory& memory, usage_set_record& set,
                               callstack_id callstack) {
    const std::uint32_t index = to_index(callstack);
    auto* chunk =
        memory.chunk<usage_record>(set.chunks[usage_chunk::chunk_of(index)], usage_chunk::pages);
    return chunk == nullptr ? nullptr : chunk + usage_chunk::slot_of(index);
}

// The same; that of `unknown`, and `callstack` changed to it, if there is no room.
FIL_HOT usage_record& usage_for(recording_memory& memory, usage_set_record& set,
                                callstack_id& callstack) {
    usage_record* usage = usage_of(memory, set, callstack);
    if (usage != nullptr) [[likely]]
        return *usage;
    callstack = callstack_id::unknown;
    return *usage_of(memory, set, callstack);
}

}  // namespace fil
