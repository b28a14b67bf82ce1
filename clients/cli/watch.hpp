// The supervisor of a program that is this very process: a process of its own, in a session of its
// own, that is nobody's child, holds none of our descriptors and catches no terminal's signal. It
// serves the session, has the reports made that the program asks for, and ends with the program. A
// run that was on when the program died is reported as well.
#pragma once

#include <fil.h>

#include <string>
#include <vector>

#include "preload_library.hpp"

namespace fil::cli {

struct watched_program {
    fil_session* session;
    preload_library& library;                   // its link goes when the program has ended
    const std::vector<std::string>& arguments;  // for the reports
    const std::vector<std::string>& set_by_us;
};

// Returns when the watcher is ready, in this process; the watcher does not return. Throws refusal.
void start_watcher(const watched_program& program);

}  // namespace fil::cli
