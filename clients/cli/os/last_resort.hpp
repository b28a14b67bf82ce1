// What becomes of a failure that nobody can catch, where a function that must not throw does (the
// standard library has some). In place of abort(), and of what the library would write: a process
// of ours that has a program in its hands waits for its end, and ends like it; one that has none
// ends with a line; a child of ours just ends, which its parent notices.
#pragma once

#include <sys/types.h>

#include "os/ending.hpp"

namespace fil::cli {

// From main(), once.
void be_ready_for_the_worst();

// What this process has in its hands from now on, until that has ended.
void hold_on_to(pid_t program);
void let_go_of_program(const ending& end);

}  // namespace fil::cli
