// The verb `run`: the program from start to end, then its report.
#pragma once

#include "os/ending.hpp"
#include "start/command_line.hpp"

namespace fil::cli {

// Returns how the program ended, when everything of ours is done. Throws refusal if it never
// started.
ending run(const invocation& asked);

}  // namespace fil::cli
