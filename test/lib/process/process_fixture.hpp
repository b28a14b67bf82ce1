#pragma once
// Tests of the one process: each in a child, because a process starts once.

#include <sys/wait.h>
#include <unistd.h>

#include "process/process_entry.hpp"

namespace fil {

inline fil_recorder_options privately(std::uint32_t flags = 0) {
    return {sizeof(fil_recorder_options), FIL_MEMORY_PRIVATE, flags};
}

// Whether it returns true in a child.
template <typename Body>
bool elsewhere(Body body) {
    const pid_t child = fork();
    if (child == 0) _exit(body() ? 0 : 1);
    int status = -1;
    return waitpid(child, &status, 0) == child && status == 0;
}

// The number of events that arrive of one.
inline int events() {
    int count = 0;
    entry::event([&](process_recorder&, thread_state&) { ++count; });
    return count;
}

}  // namespace fil
