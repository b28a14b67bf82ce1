// The verb `snapshot`: a report of a program that runs, of now or of the peak so far, asked of its
// supervisor. Prints where the page is: one line on stdout.
#pragma once

#include "start/command_line.hpp"

namespace fil::cli {

// The exit status. Throws refusal.
int snapshot(const invocation& asked);

}  // namespace fil::cli
