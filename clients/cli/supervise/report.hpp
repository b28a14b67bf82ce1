// The report, made by a child of the supervisor, after the program has ended or while it runs on:
// if it crashes, runs out of memory or is stopped by a signal, that costs the report; the recording
// is then kept in a file, and the supervisor still ends as the program did. What a recording says,
// after a program scribbled over it, may keep a reader busy: time and memory have limits.
#pragma once

#include <fil_supervisor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "os/ending.hpp"
#include "os/pipe.hpp"
#include "os/signals.hpp"

namespace fil::cli {

// What it is to say.
struct report_contents {
    fil_report_options options = FIL_REPORT_OPTIONS_INIT;
    fil_session_facts facts = FIL_SESSION_FACTS_INIT;
    // Unless empty: called here, once the counters of all processes have been read, or cannot be.
    std::function<void()> counters_read = {};
};

struct report_limits {
    unsigned seconds = 300;
    std::uint64_t bytes = std::uint64_t{1} << 30;  // and sixteen times what the recordings have
};

struct report_outcome {
    fil_status status = FIL_ERROR_INTERNAL;
    std::string path;                   // of the report's directory, if status is FIL_OK
    std::string why;                    // else
    std::vector<std::string> answer{};  // what it says, for the terminal (message.hpp)
    std::string unseen_allocator{};     // what it says of one whose blocks are not seen
};

// One that is being made.
class report_in_the_making {
  public:
    // The contents are no longer needed afterwards.
    report_in_the_making(fil_session* session, const report_contents& contents,
                         const signal_inbox& signals, const report_limits& limits = {});

    // What became of it, once; nothing while it is being made. Never blocks.
    std::optional<report_outcome> take();

    // Signals that somebody sends to the supervisor meanwhile go to the child, but for an echo of
    // what ended the program.
    report_outcome wait(const signal_inbox& signals);

  private:
    report_outcome outcome_of(const ending& end) const;

    fil_session* session_;
    report_limits limits_;
    pipe_ends pipe_;
    pid_t child_ = -1;
    int why_not_ = 0;  // no child: errno
};

// Starts a child that shows a visitor what is there now; it ends by itself. -1: there is none, and
// the visitor was told.
pid_t start_showing(fil_session* session, std::uint64_t visit, const report_contents& contents,
                    const signal_inbox& signals);

// Starts it and waits for it.
report_outcome make_report(fil_session* session, const report_contents& contents,
                           const signal_inbox& signals, const report_limits& limits = {});

// Copies the recording of the program to a new file in $TMPDIR, those of several processes to a new
// folder, and returns its name; empty if that of the program cannot be kept, and then `why` says
// why. `missing` are those of others that could not be.
std::string keep_recordings(fil_session* session, pid_t program, std::string& why, int& missing);

}  // namespace fil::cli
