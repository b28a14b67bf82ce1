// `fil-profile understand`: what a traced program does with memory.
#pragma once

#include "start/command_line.hpp"

namespace fil::cli {

// Returns the status. Throws refusal.
int understand(const invocation& asked);

}  // namespace fil::cli
