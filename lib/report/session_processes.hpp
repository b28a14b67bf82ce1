#pragma once
// Which processes of a session a report draws: all that held something at the session's peak, or,
// when memory ran out, all that are there.
//
// Counters of processes that still run are copied (live_copy.hpp), all of one moment. Cold, in the
// process that draws the report; throws.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fil/report/facts.hpp"
#include "fil/report/process_name.hpp"
#include "report/report_source.hpp"
#include "session/session.hpp"

namespace fil {

// When the process with that number (of the session's list) had its own peak.
struct own_peak_moment {
    std::size_t number;
    double seconds;
};

struct session_processes {
    std::vector<drawn_process> drawn;  // `pid` first: the image that held most
    bool in_motion = false;            // not all is of one moment
    std::vector<std::string> notes;
};

report::started_process started_of(const joined_process& process);

// `pid` joined. Throws damaged_recording if its own is.
session_processes processes_of(const session& session, std::int32_t pid,
                               const std::optional<failed_request>& out_of_memory,
                               std::span<const own_peak_moment> moments);

// All that ever joined, as names for them are made from.
std::vector<report::started_process> started_of(const session& session);

// What is said of the session as a whole, and of processes that are not drawn.
void add_session_facts(report::facts& about, const session& session,
                       const std::vector<drawn_process>& drawn);

}  // namespace fil
