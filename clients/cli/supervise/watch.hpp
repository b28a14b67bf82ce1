// The supervisor of a program that is this very process: a process of its own, in a session of its
// own, that is nobody's child, holds none of our descriptors and catches no terminal's signal. It
// serves the session, looks at memory while a run is on (run_watch.hpp), has the reports made that
// the program asks for, and ends with the program. A run that was on when the program died is
// reported as well. While no run is on, it sleeps.
#pragma once

#include <fil_supervisor.h>

#include <string>
#include <vector>

#include "start/program_environment.hpp"
#include "target/preload_library.hpp"

namespace fil::cli {

struct watched_program {
    fil_session* session;
    preload_library& library;                   // its link goes when the program has ended
    const std::vector<std::string>& arguments;  // for the reports
    const environment& set_by_us;
    bool detect_out_of_memory;
    bool quiet;               // only errors are said
    std::string system_root;  // stands before /proc and /sys
    fil_snapshot_kept snapshot = FIL_SNAPSHOT_KEPT;
};

// Returns when the watcher is ready, in this process; the watcher does not return. Throws refusal.
void start_watcher(const watched_program& program);

}  // namespace fil::cli
