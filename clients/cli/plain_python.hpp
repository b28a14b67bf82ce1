// `fil-profile python ARGS...`: this process becomes that very python, with our library in it,
// which records nothing until the program asks for it (the package filprofiler). So a Jupyter
// kernel is the process that Jupyter started and signals. Nothing is printed, and nothing opens a
// browser. The supervisor is a process of its own (watch.hpp).
#pragma once

#include "start/command_line.hpp"

namespace fil::cli {

// Returns only by throwing: refusal, if the python cannot be started.
[[noreturn]] void become_python(const invocation& asked);

}  // namespace fil::cli
