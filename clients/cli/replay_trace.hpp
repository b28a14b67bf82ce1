// The verb `replay`: what a program did with memory, done again on an allocator, and measured; or
// the events of a trace as text.
#pragma once

#include "start/command_line.hpp"

namespace fil::cli {

// The exit status. Throws refusal.
int replay(const invocation& asked);

}  // namespace fil::cli
