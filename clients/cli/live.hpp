// The verb `live`: a view of a program that runs, on the terminal.
#pragma once

#include "start/command_line.hpp"

namespace fil::cli {

// The exit status. Throws refusal.
int live(const invocation& asked);

}  // namespace fil::cli
