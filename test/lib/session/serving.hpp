#pragma once
// A session, and child processes that join it as the recorder does.

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "fil/recording/memory.hpp"
#include "os/linux_system.hpp"
#include "process/session_client.hpp"
#include "process/session_words.hpp"
#include "session/session.hpp"

namespace fil::test {

struct serving {
    session here;
    pid_t last = 0;

    session_address address() const {
        session_address parts;
        EXPECT_TRUE(parse_session_address(here.environment(), parts));
        return parts;
    }

    // Served until it has ended; its status.
    template <typename Body>
    int run(Body&& body) {
        const session_address whose = address();
        last = fork();
        if (last == 0) _exit(body(whose));
        int status = 0;
        while (waitpid(last, &status, WNOHANG) == 0) {
            pollfd arrives{here.descriptor(), POLLIN, 0};
            poll(&arrives, 1, 5);
            here.serve();
            for (std::int32_t asked = here.asked(); asked != 0; asked = here.asked())
                here.answer(asked, 5, std::string(2000, 'x'));
        }
        here.serve();
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

    // Runs on after it has joined, until end().
    template <typename Body>
    pid_t start(Body&& body) {
        const session_address whose = address();
        int ready[2];
        EXPECT_EQ(pipe(ready), 0);
        last = fork();
        if (last == 0) {
            body(whose);
            close(ready[1]);
            for (;;) pause();
        }
        close(ready[1]);
        pollfd is_ready{ready[0], POLLHUP, 0};
        while (poll(&is_ready, 1, 1) == 0) here.serve();
        close(ready[0]);
        return last;
    }
    void end(pid_t child) {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        here.process_ended(child);
    }

    // In such a process: it holds so much; nullptr if it was not let in. `content`: its recording,
    // else there is nothing in it.
    static session_page* join(const session_address& whose, std::int64_t holds,
                              std::span<const std::byte> content = {}) {
        const os::shared_memory memory = os::make_shared_memory("test", 4 << 20, 4 << 20);
        recording_memory recording(memory.address, memory.mapped);
        recording.format(getpid(), getppid());
        if (!content.empty()) {
            std::memcpy(memory.address, content.data(), content.size());
            recording.header().pid = getpid();
            recording.header().parent_pid = getppid();
        }
        session_page* const page = join_session(whose, memory, true);
        if (page != nullptr) session_words(*page, recording.header()).add(holds);
        return page;
    }
};

}  // namespace fil::test
