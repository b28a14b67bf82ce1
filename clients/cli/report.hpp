// The report, made by a child of the supervisor after the program has ended: if it crashes, runs
// out of memory or is stopped by a signal, that costs the report; the recording is then kept in a
// file, and the supervisor still ends as the program did.
#pragma once

#include <fil.h>

#include <string>

#include "signals.hpp"

namespace fil::cli {

struct report_outcome {
    fil_status status = FIL_ERROR_INTERNAL;
    std::string path;  // of the report's directory, if status is FIL_OK
    std::string why;   // else
};

// Signals that somebody sends to the supervisor meanwhile go to the child.
report_outcome make_report(fil_session* session, const fil_report_options& options,
                           const signal_inbox& signals);

// Copies the recording of `pid` to a new file in $TMPDIR and returns its name; empty if that fails,
// and then `why` says why.
std::string keep_recording(fil_session* session, pid_t pid, std::string& why);

}  // namespace fil::cli
