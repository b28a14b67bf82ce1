// How a process ended, and how we end the same way, so that whoever started us sees the program's
// own end: its exit status, or a death by the same signal.
#pragma once

#include <fil.h>
#include <sys/types.h>

#include <optional>

namespace fil::cli {

struct ending {
    fil_ending kind = FIL_ENDING_RUNNING;
    int value = 0;  // the exit status or the signal's number
};

// How a child ended, if it has; then it is waited for and gone. Never blocks.
std::optional<ending> take_ending(pid_t pid);

// Ends this process in the same way, without a core dump of ours.
[[noreturn]] void end_like(const ending& other);

}  // namespace fil::cli
