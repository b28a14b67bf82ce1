#pragma once
// A recording becomes a snapshot: who held what at the session's peak, in words.
//
// Reads counters while writers may go on; exact once they stopped. What no writer writes (a caller
// that comes after its callee, an unknown function, numbers that no program can reach) throws
// damaged_recording: half a report would look like a whole one.
// Cold code; any thread, one at a time.

#include <array>
#include <functional>
#include <stdexcept>
#include <vector>

#include "fil/recording/at_peak.hpp"
#include "fil/report/snapshot.hpp"

namespace fil {

struct damaged_recording : std::runtime_error {
    damaged_recording() : runtime_error("the recording is damaged") {}
};

// The frames behind an address of native code, outermost first (inlined functions are several).
using resolve_address = std::function<const std::vector<report::frame>&(
    std::string_view module_path, std::string_view build_id, std::uint32_t offset)>;

// Usage at the peak, summed over threads: by kind, then by callstack id. What is in the peak stands
// together under `anonymous`.
struct usage_at_peak {
    std::array<std::vector<report::usage>, mapping_kinds> by_kind;
    std::int64_t shared_anonymous = 0;  // of what is in the peak

    std::int64_t bytes(mapping_kind kind) const;
    // The peak that a report is headed by (recording/at_peak.hpp).
    std::int64_t used_bytes() const { return bytes(mapping_kind::anonymous); }
};

// At the peak of the session; where that is now, what is there now. Of a run, `session` is its page
// and `root` its root: what has a smaller id is not the run's.
usage_at_peak read_usage(const recording_view& recording, const session_page& session,
                         callstack_id root = callstack_id::unknown);

// At a peak that stands fast, though writers go on.
usage_at_peak usage_at_named_peak(const recording_view& recording, std::int64_t peak);

// A request for memory that failed; of no bytes: there was none.
struct failed_request {
    callstack_id callstack = callstack_id::none;
    std::int64_t bytes = 0;
};

// What is there now, and the request.
usage_at_peak usage_now(const recording_view& recording, callstack_id root,
                        const failed_request& request);

struct read_snapshot_result {
    report::snapshot snapshot;
    std::vector<report::callstack_index> index_of;  // by callstack id; `empty` where not needed
};

// `wanted` are callstacks that shall be in the snapshot although they hold nothing.
read_snapshot_result read_snapshot(const recording_view& recording, const usage_at_peak& usage,
                                   const std::vector<callstack_id>& wanted,
                                   const resolve_address& resolve);

}  // namespace fil
