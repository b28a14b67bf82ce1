#pragma once
// Runs: parts of a program that are profiled for themselves, one at a time, each with a live, a
// peak and a root of its own (recording/layout.hpp, run_record). They need a process that records
// on request.
//
// Between runs the process is `idle` (process_state.hpp); it is changed while nothing is recorded.
// Not called inside an event. No allocation, no throw: also in the preload library.

#include "fil.h"
#include "process/process_recorder.hpp"

namespace fil {

// Of `this_process`, which holds it.
class run_control {
  public:
    // FIL_OK if a run could begin; else why not, FIL_ERROR_IN_RUN if one is on.
    fil_status check() const;

    fil_status begin(const fil_run_options& options);

    // And tells what was held, and at the peak.
    fil_status end(fil_run_numbers& numbers);

    // A run in the recording, while nothing is recorded: what comes stands under a root of its own.
    // False if there is no room left.
    bool open(const fil_run_options& options);

  private:
    std::uint32_t runs_ = 0;  // of this process so far; each has a root of its own
};

}  // namespace fil
