// The verb `compare-allocators`: traces replayed on several allocators, and one page that says who
// is best at what.
#pragma once

#include "start/command_line.hpp"

namespace fil::cli {

// The exit status. Throws refusal.
int compare_allocators(const invocation& asked);

}  // namespace fil::cli
