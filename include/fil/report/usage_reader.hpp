#pragma once
// The counters of a recording, summed over threads: who held what at the peak, or holds it now.
//
// Reads while writers may go on; exact once they stopped. Numbers that no program can reach throw
// damaged_recording: half a report would look like a whole one. Cold code; any thread, one at a
// time.

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <vector>

#include "fil/recording/at_peak.hpp"
#include "fil/report/snapshot_like.hpp"

namespace fil {

struct damaged_recording : std::runtime_error {
    damaged_recording() : runtime_error("the recording is damaged") {}
};

// By kind, then by callstack id. What is in the peak stands together under `anonymous`.
struct usage_at_peak {
    std::array<std::vector<report::usage>, report::usage_kinds> by_kind;
    std::int64_t shared_anonymous = 0;  // of what is in the peak

    std::int64_t bytes(mapping_kind kind) const {
        std::int64_t sum = 0;
        for (const report::usage& one : by_kind[static_cast<std::size_t>(kind)]) sum += one.bytes;
        return sum;
    }
    // The peak that a report is headed by (recording/at_peak.hpp).
    std::int64_t used_bytes() const { return bytes(mapping_kind::anonymous); }
};

// Everything downstream adds these numbers up in every way: here it is seen to that it can.
inline void check_plausible(const usage_at_peak& sums) {
    for (const std::vector<report::usage>& table : sums.by_kind) {
        std::int64_t left = most_bytes;
        for (const report::usage& usage : table) {
            const std::int64_t bytes = plausible(usage.bytes);
            left -= bytes < 0 ? -bytes : bytes;
            if (left < 0) throw damaged_recording();
        }
    }
}

// bytes_of(usage_record) says what counts.
template <typename BytesOf>
usage_at_peak sum_usage(const recording_view& recording, callstack_id root, BytesOf&& bytes_of) {
    usage_at_peak sums;
    const std::uint32_t callstacks = recording.callstacks_there();
    sums.by_kind[static_cast<std::size_t>(mapping_kind::anonymous)].resize(callstacks);
    recording.for_each_usage(
        callstacks, [&](const usage_set_record& set, callstack_id id, const usage_record& usage) {
            const auto kind =
                static_cast<std::size_t>(is_in_peak(set.kind) ? mapping_kind::anonymous : set.kind);
            if (kind >= mapping_kinds || id < root) return;  // id: older
            std::vector<report::usage>& table = sums.by_kind[kind];
            const report::usage found = {bytes_of(usage),
                                         usage.allocations.load(std::memory_order_relaxed)};
            if (found == report::usage{}) return;
            // Few callstacks map files, and mostly early ones.
            if (to_index(id) >= table.size()) table.resize(to_index(id) + 1);
            table[to_index(id)] += found;
            if (set.kind == mapping_kind::shared_anonymous)
                sums.shared_anonymous = plausible(sums.shared_anonymous + plausible(found.bytes));
        });
    check_plausible(sums);
    for (std::vector<report::usage>& table : sums.by_kind) {
        for (report::usage& one : table) one.bytes = std::max<std::int64_t>(one.bytes, 0);
    }
    return sums;
}

// As bytes_at_peak() has it, while the owner of the counter may be changing it: it remembers first
// what was, then writes `now`.
inline std::int64_t bytes_at_named_peak(const usage_record& usage, const recording_header& process,
                                        std::int64_t peak) {
    const std::int64_t bytes = bytes_at_peak(usage, process, peak, false);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (usage.settled_at.load(std::memory_order_relaxed) != peak) return bytes;
    return usage.at_peak.load(std::memory_order_relaxed);
}

// At the peak of a session, a run, or of what is counted into where there is no session; where that
// is now, what is there now. What has a smaller id than `root` is not a run's.
template <typename Page>
usage_at_peak read_usage(const recording_view& recording, const Page& page,
                         callstack_id root = callstack_id::unknown) {
    const recording_header& process = recording.header();
    const std::int64_t peak = page.peak.load(std::memory_order_relaxed);
    const std::int64_t live = page.live.load(std::memory_order_relaxed);
    if (peak != plausible(peak) || live != plausible(live)) throw damaged_recording();
    const bool is_now = peak_is_now(recording, page);
    return sum_usage(recording, root, [&](const usage_record& usage) {
        return bytes_at_peak(usage, process, peak, is_now);
    });
}

// At a peak that stands fast, though writers go on.
inline usage_at_peak usage_at_named_peak(const recording_view& recording, std::int64_t peak) {
    return sum_usage(recording, callstack_id::unknown, [&](const usage_record& usage) {
        return bytes_at_named_peak(usage, recording.header(), peak);
    });
}

// What `read` finds; nothing in a recording that is damaged.
template <typename Read>
std::optional<usage_at_peak> unless_damaged(Read&& read) {
    try {
        return read();
    } catch (const damaged_recording&) {
        return std::nullopt;
    }
}

// A request for memory that failed; of no bytes: there was none.
struct failed_request {
    callstack_id callstack = callstack_id::none;
    std::int64_t bytes = 0;
    std::int32_t pid = 0;  // whose
};

// What is there now, and the request, which is a kind of its own.
inline usage_at_peak usage_now(const recording_view& recording, callstack_id root,
                               const failed_request& request) {
    usage_at_peak sums = sum_usage(recording, root, [](const usage_record& usage) {
        return usage.now.load(std::memory_order_relaxed);
    });
    if (request.bytes == 0) return sums;
    const bool is_known = to_index(request.callstack) < recording.callstacks_there();
    const callstack_id whose = is_known ? request.callstack : callstack_id::unknown;
    auto& requested = sums.by_kind[static_cast<std::size_t>(mapping_kind::requested)];
    requested.resize(std::size_t{to_index(whose)} + 1);
    requested.back() = {plausible(request.bytes), 0};
    check_plausible(sums);
    return sums;
}

}  // namespace fil
