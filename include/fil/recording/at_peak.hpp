#pragma once
// What a reader takes from the counters of a recording, and the one number that every part of a
// report says: the bytes in use at the peak, as the sum of the callstacks' counters.
//
// The session's words `live` and `peak` decide which moment it is; they may be short of that sum by
// what threads had not published (docs/design/peak.md), so nobody shows them. A callstack whose sum
// over threads is below zero (it was read while a block was on its way from one thread to another)
// holds nothing.
//
// While writers go on the result is within what they just do. Any thread; does not allocate.

#include <algorithm>

#include "fil/recording/view.hpp"

namespace fil {

// What `usage` was at the peak, by the rules of track/usage.hpp and track/peak.hpp.
inline std::int64_t bytes_at_peak(const usage_record& usage, const recording_header& process,
                                  std::int64_t session_peak, bool peak_is_now) {
    constexpr auto relaxed = std::memory_order_relaxed;
    // `now` first: if it is that of after the peak, settled_at says so below.
    const std::int64_t now = usage.now.load(std::memory_order_acquire);
    if (peak_is_now) return now;
    if (usage.settled_at.load(std::memory_order_acquire) == session_peak)
        return usage.at_peak.load(relaxed);
    // Unsettled: unchanged since the peak. A process that closed earlier had no part in it.
    if (process.closed.load(std::memory_order_acquire) != 0 && process.closed_at != session_peak) {
        return 0;
    }
    return now;
}

// What the process holds now, by its counters: whatever it was in the middle of when it died.
inline std::int64_t used_now(const recording_view& recording) {
    std::uint64_t sum = 0;
    recording.for_each_usage(
        recording.callstacks_there(),
        [&](const usage_set_record& set, callstack_id, const usage_record& usage) {
            if (is_in_peak(set.kind))
                sum += static_cast<std::uint64_t>(usage.now.load(std::memory_order_relaxed));
        });
    return plausible(static_cast<std::int64_t>(sum));
}

// Whether there is more now than at the peak that was noted last. A page has the words `live` and
// `peak`: a session's, a run's, or what is counted into where there is no session.
template <typename Page>
bool peak_is_now(const recording_view& recording, const Page& page) {
    return recording.header().closed == 0 &&
           plausible(page.live.load(std::memory_order_relaxed)) + recording.pending() >
               page.peak.load(std::memory_order_relaxed);
}

// What the process held at the peak of the session, or of a run with that page and root.
template <typename Page>
std::int64_t used_at_peak(const recording_view& recording, const Page& page,
                          callstack_id root = callstack_id::unknown) {
    const std::int64_t peak = page.peak.load(std::memory_order_relaxed);
    const bool is_now = peak_is_now(recording, page);
    const std::uint32_t count = recording.callstack_count();
    std::int64_t sum = 0;
    for (std::uint32_t id = to_index(root); id < count; ++id) {
        std::uint64_t held = 0;  // as a whole, whatever its parts are
        recording.for_each_usage_set([&](const usage_set_record& set) {
            const usage_record* usage =
                is_in_peak(set.kind) ? recording.usage(set, callstack_id{id}) : nullptr;
            if (usage == nullptr) return;
            held +=
                static_cast<std::uint64_t>(bytes_at_peak(*usage, recording.header(), peak, is_now));
        });
        sum = plausible(sum + std::max<std::int64_t>(plausible(std::int64_t(held)), 0));
    }
    return sum;
}

}  // namespace fil
