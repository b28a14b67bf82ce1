// Who may join a session, and what it leaves behind where its socket is.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include "fil_hooks.h"
#include "fil_supervisor.h"
#include "session/session.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

TEST(session, strangers_are_not_let_in) {
    session session, other;
    std::string forged = session.environment();
    const std::size_t token = forged.find(':', 2) + 1;
    forged.replace(token, token_length, std::string(token_length, 'f'));
    const pid_t child = fork();
    if (child == 0) {
        setenv("FIL_SESSION", forged.c_str(), 1);
        fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
        options.memory = FIL_MEMORY_SESSION;
        _exit(fil_recorder_start(&options, nullptr) == FIL_OK ? 0 : 7);
    }
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        pollfd waiting{session.descriptor(), POLLIN, 0};
        poll(&waiting, 1, 5);
        session.serve();
    }
    EXPECT_EQ(WEXITSTATUS(status), 7);
    EXPECT_TRUE(session.processes().empty());
}

// A child that limits `resource` to `bytes` before it joins; whether it was recorded.
bool is_recorded_under(session& session, __rlimit_resource resource, rlim_t bytes) {
    const pid_t child = fork();
    if (child == 0) {
        setenv("FIL_SESSION", session.environment().c_str(), 1);
        const rlimit limit{bytes, RLIM_INFINITY};
        setrlimit(resource, &limit);
        fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
        options.memory = FIL_MEMORY_SESSION;
        const bool recorded = fil_recorder_start(&options, nullptr) == FIL_OK;
        for (std::uintptr_t i = 1; recorded && i <= 50'000; ++i) {
            fil_record_alloc_at(reinterpret_cast<void*>(i << 12), 100, stack(std::uint32_t(i)));
        }
        _exit(recorded ? 0 : 7);
    }
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        pollfd waiting{session.descriptor(), POLLIN, 0};
        poll(&waiting, 1, 5);
        session.serve();
    }
    session.serve();
    session.process_ended(child);
    return WEXITSTATUS(status) == 0;
}

TEST(session, where_no_file_may_grow_a_process_is_recorded_all_the_same) {
    for (const rlim_t bytes : {rlim_t{0}, rlim_t{100} << 10, rlim_t{4} << 20}) {
        session session;
        EXPECT_TRUE(is_recorded_under(session, RLIMIT_FSIZE, bytes));
        EXPECT_EQ(session.refused().count, 0u);
        ASSERT_EQ(session.processes().size(), 1u);
        const joined_process& process = session.processes()[0];
        EXPECT_EQ(process.header().dropped_events, 0u);
        EXPECT_EQ(process.view().callstack_count(), 50'002u);
        EXPECT_EQ(session.page().peak, 5'000'000);
    }
}

// A connection to a session's socket, as a program of our own makes it.
struct visitor {
    file_descriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};

    explicit visitor(const session& session) {
        session_address address;
        EXPECT_TRUE(parse_session_address(session.environment(), address));
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        memcpy(name.sun_path, address.socket_path.data(), address.socket_path.size());
        EXPECT_EQ(connect(socket.number(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    }

    // Sends `bytes` of a good request, with two descriptors attached.
    void ask(const session& session, std::size_t bytes) const {
        session_address address;
        parse_session_address(session.environment(), address);
        join_request request{session_protocol_version, request_kind::join, {}, -1, 0, 0, 0};
        memcpy(request.token, address.token.data(), token_length);
        iovec part{&request, bytes};
        alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = CMSG_LEN(2 * sizeof(int));
        cmsghdr* attached = CMSG_FIRSTHDR(&header);
        *attached = {CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        const int descriptors[] = {socket.number(), socket.number()};
        memcpy(CMSG_DATA(attached), descriptors, sizeof descriptors);
        EXPECT_EQ(sendmsg(socket.number(), &header, 0), ssize_t(bytes));
    }

    bool was_hung_up() const {
        char byte;
        return recv(socket.number(), &byte, 1, MSG_DONTWAIT) == 0;
    }
};

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        count += entry.is_symlink() ? 1 : 0;
    }
    return count;
}

TEST(session, who_connects_and_is_silent_is_neither_waited_for_nor_sent_away) {
    session session;
    const visitor silent(session);
    session.serve();
    EXPECT_FALSE(silent.was_hung_up());
    silent.ask(session, 3);
    pollfd arrives{session.descriptor(), POLLIN, 0};
    EXPECT_EQ(poll(&arrives, 1, 0), 1);
    session.serve();
    EXPECT_TRUE(silent.was_hung_up());
}

TEST(session, a_bad_request_costs_no_descriptor) {
    session session;
    const std::size_t before = open_descriptors();
    for (const std::size_t bytes : {sizeof(join_request) - 1, sizeof(join_request)}) {
        const visitor stranger(session);
        stranger.ask(session, bytes);
        session.serve();
        EXPECT_TRUE(stranger.was_hung_up());
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_TRUE(session.processes().empty());
}

// A TMPDIR of the test's own.
struct own_tmpdir {
    std::string path = testing::TempDir() + "own-XXXXXX";
    std::string before = getenv("TMPDIR") != nullptr ? getenv("TMPDIR") : "";

    own_tmpdir() {
        EXPECT_NE(mkdtemp(path.data()), nullptr);
        setenv("TMPDIR", path.c_str(), 1);
    }
    ~own_tmpdir() {
        std::filesystem::remove_all(path);
        before.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before.c_str(), 1);
    }
    bool is_empty() const { return std::filesystem::is_empty(path); }
};

TEST(session, that_cannot_be_made_leaves_nothing_behind) {
    const own_tmpdir tmpdir;
    int failures = 0;
    const int next = dup(0);  // the lowest free number
    close(next);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    for (int more = 0; more < 8; ++more) {
        const rlimit few{rlim_t(next + more), before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        try {
            const session session;
        } catch (const std::system_error&) {
            ++failures;
        }
        setrlimit(RLIMIT_NOFILE, &before);
        EXPECT_TRUE(tmpdir.is_empty()) << more;
    }
    EXPECT_GT(failures, 2);
    EXPECT_LT(failures, 8);
}

TEST(session, is_made_elsewhere_where_tmpdir_cannot_serve) {
    for (const char* tmpdir : {"/nowhere", "/proc", "/dev/null", "relative", ""}) {
        own_tmpdir restored;
        setenv("TMPDIR", tmpdir, 1);
        const session session;
        const visitor welcome(session);
    }
}

TEST(session, what_a_killed_supervisor_left_is_removed_by_the_next) {
    const own_tmpdir tmpdir;
    const session running;
    const pid_t child = fork();
    if (child == 0) {
        const session killed;
        raise(SIGKILL);
    }
    waitpid(child, nullptr, 0);
    const auto entries = [&] {
        return std::distance(std::filesystem::directory_iterator(tmpdir.path), {});
    };
    EXPECT_EQ(entries(), 2);
    { const session next; }
    EXPECT_EQ(entries(), 1);
    const visitor still_served(running);
}

}  // namespace
}  // namespace fil
