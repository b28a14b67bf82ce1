#pragma once
// Copying the counters of a program that runs on, for a report of its peak so far.
//
// Raising the peak to what is live names this very moment: every counter remembers what it was then
// (track/usage.hpp), whatever happens next, until the peak rises again. So the copy holds the peak
// down: threads that would raise it wait (track/peak.hpp), at most 50 ms. All others go on. If the
// peak rose all the same (the copy took longer, or a process ended), another attempt is made.
//
// In the process that makes the report. Cold.

#include <optional>
#include <vector>

#include "fil/recording/view.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "session/session.hpp"

namespace fil {

struct live_copy {
    std::vector<std::optional<usage_at_peak>> usage;  // by recording; none: it is damaged
    std::int64_t peak = 0;
    bool in_motion =
        false;  // the peak rose while it was copied: not all counters are of one moment
};

// Whoever asked for a report by a signal may go on afterwards (lib/process/report_wait.hpp).
live_copy copy_live(const session& session, const std::vector<recording_view>& recordings);

}  // namespace fil
