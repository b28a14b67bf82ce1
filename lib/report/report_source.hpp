#pragma once
// From recordings to what a report is made of: the facts that recordings know, and one snapshot.
//
// Cold code, in a process that may crash without harm to the program. Throws; keeps nothing.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fil/recording/view.hpp"
#include "fil/report/session_snapshot.hpp"
#include "fil/report/snapshot_reader.hpp"

namespace fil {

class symbols;

// A large mapping that was hardly touched, or (of the kind `arena`) one of which this is resident.
struct untouched_range {
    callstack_id callstack;
    std::int64_t bytes;
    std::int64_t resident;
    mapping_kind kind = mapping_kind::anonymous;
};

// What sparse memory lacks for the sake of a callstack's blocks; `kind`: when.
struct sparse_usage {
    callstack_id callstack;
    mapping_kind kind;
    std::int64_t bytes;
    std::uint64_t blocks;
};

// A recording, all of it or its last about, at the peak of that or at another moment.
struct drawn_recording {
    recording_view recording;
    const session_page* page;  // the session's or the run's
    callstack_id root = callstack_id::unknown;
    std::optional<failed_request> out_of_memory{};  // instead: what is there now, and this
};

// The value of the first fact of that name; empty: nobody told.
std::string first_fact(const recording_view& recording, std::string_view name);

// Notes of a process are remarks in a row: "still running; ran out of memory".
void add_remark(std::string& note, std::string_view remark);

// For a report that leaves out what this process held.
std::string note_of_damage(std::int32_t pid);

// The counters that are drawn, of a program that has ended.
usage_at_peak usage_of(const drawn_recording& drawn);

// Adds, as usage of the kind `arena`, what is resident of arenas that were there at the peak: as
// somebody saw who looked near the peak, or as the process itself did.
void add_arenas(usage_at_peak& usage, const drawn_recording& drawn,
                const std::vector<untouched_range>& seen);

// Adds it as usage of these kinds.
void add_sparse(usage_at_peak& usage, const drawn_recording& drawn,
                const std::vector<sparse_usage>& seen);

// One of the processes that are drawn.
struct drawn_process {
    drawn_recording drawn;
    usage_at_peak usage;  // read once: while the program runs on, counters change
    std::string executable;
    std::vector<std::string> arguments;
    report::process_facts who;
    std::vector<untouched_range> untouched;
};

// All of them as one snapshot, which is tidy, by what `run` says of the program. The program comes
// first in `all`; who else's recording is damaged is taken out of it, and a note says so.
report::snapshot read_processes(std::vector<drawn_process>& all, report::facts& about);
// With names that are known already: `names` keeps those that it finds.
report::snapshot read_processes(std::vector<drawn_process>& all, report::facts& about,
                                symbols& names);

// Completes `run` with what recordings say: runtime, notes, peak, exactness, who held how much.
void add_recorded_facts(report::facts& about, const std::vector<drawn_process>& all);

// All that a report is drawn from, made here and now.
report::session_snapshot made_here(report::snapshot tidy, report::facts about, bool embeds_sources);

}  // namespace fil
