#pragma once
// A process that joins a session, as the preload library does, and its supervisor: for tests.

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "fil_hooks.h"
#include "fil_supervisor.h"
#include "session/session.hpp"

namespace fil {

// Memory that stands for a program's, and who has it: line `line` of the function work().
alignas(64) inline char blocks[4][1024];

inline fil_callstack stack(std::uint32_t line) {
    const fil_text name{"work", 4}, file{"work.c", 6};
    return fil_callstack_child(FIL_CALLSTACK_UNKNOWN,
                               fil_function_intern(FIL_FUNCTION_ANNOUNCED, name, file, 1), line);
}

// Runs `body` in a child that records into the session, which has to be served meanwhile.
template <typename Body>
pid_t start_child(session& session, Body&& body, std::uint32_t flags = 0) {
    setenv("FIL_SESSION", session.environment().c_str(), 1);
    const pid_t child = fork();
    if (child != 0) return child;
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    options.memory = FIL_MEMORY_SESSION;
    options.flags = flags;
    if (fil_recorder_start(&options, nullptr) != FIL_OK) _exit(99);
    body();
    _exit(0);
}

// The same, served until it is dead; its status.
template <typename Body>
int run_child(session& session, Body&& body, std::uint32_t flags = 0) {
    const pid_t child = start_child(session, body, flags);
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        pollfd waiting{session.descriptor(), POLLIN, 0};
        poll(&waiting, 1, 5);
        session.serve();
        while (const std::int32_t asked = session.asked())
            session.answer(asked, FIL_ERROR_EMPTY, "as asked");
    }
    session.process_ended(child);
    return status;
}

}  // namespace fil
