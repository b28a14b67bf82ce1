#pragma once
// Did the program begin that a runtime was to run? A module that is not there, a script that cannot
// be compiled: the interpreter ran, and none of the program's own code.
//
// Cold code; any thread.

#include "fil/recording/view.hpp"

namespace fil {

// Told from the callstacks that were ever recorded: false only if they are of a runtime that has a
// program_start (Python's), and none is of its main module or of a package that this lies in. (A
// program that allocates nothing before it ends is not told from one that did not begin; one that
// raises an exception allocates.)
bool program_began(const recording_view& recording);

}  // namespace fil
