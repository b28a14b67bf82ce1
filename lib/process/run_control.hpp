#pragma once
// Runs: parts of a program that are profiled for themselves, one at a time, each with a live, a
// peak and a root of its own (recording/layout.hpp, run_record).
//
// Both functions are called while nothing is recorded, with the state of the process on its way
// from idle to running or back. No allocation, no throw: also in the preload library.

#include "fil.h"
#include "process/process_sources.hpp"

namespace fil {

class run_control {
  public:
    // False if there is no room left in the recording.
    bool begin(process_recorder& events, const fil_run_options& options);

    // What was held, and at the peak.
    void end(process_recorder& events, fil_run_numbers& numbers);

  private:
    std::uint32_t runs_ = 0;  // of this process so far; each has a root of its own
};

}  // namespace fil
