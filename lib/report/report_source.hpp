#pragma once
// From recordings to a written report: the facts that recordings know, then snapshot, then files.
//
// Cold code, in a process that may crash without harm to the program. Throws; keeps nothing.

#include <filesystem>
#include <optional>
#include <vector>

#include "fil/recording/view.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "report/live_copy.hpp"
#include "report/report_files.hpp"

namespace fil {

// A large mapping that was hardly touched, or (of the kind `arena`) one of which this is resident.
struct untouched_range {
    callstack_id callstack;
    std::int64_t bytes;
    std::int64_t resident;
    mapping_kind kind = mapping_kind::anonymous;
};

// What is drawn: a recording, all of it or its last run, at the peak of that or at another moment.
struct drawn_recording {
    const recording_view& recording;
    const session_page& page;  // the session's or the run's
    callstack_id root = callstack_id::unknown;
    const live_copy* copy = nullptr;                // of a program that runs on
    std::optional<failed_request> out_of_memory{};  // instead: what is there now, and this
};

// The counters that are drawn. Read once: while the program runs on they change.
usage_at_peak usage_of(const drawn_recording& drawn);

// Adds, as usage of the kind `arena`, what is resident of arenas that were there at the peak: as
// somebody saw who looked near the peak, or as the process itself did.
void add_arenas(usage_at_peak& usage, const drawn_recording& drawn,
                const std::vector<untouched_range>& seen);

// Completes `run` with what the recording says: runtime, notes, peak, exactness.
void add_recorded_facts(report::facts& run, const drawn_recording& drawn,
                        const usage_at_peak& usage);

// Throws report::report_error, std::exception.
report::written_report report_recording(const drawn_recording& drawn, const usage_at_peak& usage,
                                        const std::vector<untouched_range>& untouched,
                                        const report::facts& run,
                                        const std::filesystem::path& directory,
                                        report::report_naming naming,
                                        const report::answer_look& look);

}  // namespace fil
