// Processes by their numbers: other people's, or children of ours. Of one that has ended and was
// not waited for the number is still taken.
#pragma once

#include <sys/types.h>

#include "os/descriptor.hpp"

namespace fil::cli {

pid_t own_pid();

// Polls readable when the process ended, all of its threads; empty where the kernel has no such
// thing, or there is no such process.
descriptor open_pid(pid_t pid);
bool has_ended(const descriptor& process);

// There is none of that number (any more).
bool is_gone(pid_t pid);

// Whether a child has stopped, by a signal. Where we may not ask: yes.
bool is_stopped(pid_t child);

// How `ps` and `top` call this process; 15 letters.
void call_this_process(const char* name);

// From now on what is sent to the group it was in does not reach this process.
void leave_our_group();

// Which process group it is in: what is sent to ours reaches it there only.
enum class group { ours, another, unknown };
group group_of(pid_t pid);

}  // namespace fil::cli
