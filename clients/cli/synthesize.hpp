// `fil-profile synthesize`: allocations like those of a trace, without its program or any name.
#pragma once

#include "start/command_line.hpp"

namespace fil::cli {

// The exit status. Throws refusal.
int synthesize(const invocation& asked);

}  // namespace fil::cli
