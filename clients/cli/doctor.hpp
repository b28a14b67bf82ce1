// The verb `doctor`: whether and how a program would be recorded, told on stdout without running
// it. A trial stands in for it: its interpreter, or for a native program this very command, is
// started under the limits and the environment that the program would have, with nothing to do.
#pragma once

#include "start/command_line.hpp"

namespace fil::cli {

// The exit status: 0 if the program would be recorded, else 1. What `run` would refuse is refused
// in the same words. Throws refusal.
int doctor(const invocation& asked);

}  // namespace fil::cli
