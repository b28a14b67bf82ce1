// The verb `record`: the program from start to end, and every event of its memory in a file, for
// `replay` and the other verbs of the laboratory.
#pragma once

#include "os/ending.hpp"
#include "start/command_line.hpp"

namespace fil::cli {

// Returns how the program ended. Throws refusal if it never started.
ending record(const invocation& asked);

}  // namespace fil::cli
