// A process joins a session as the preload library does, and is read after it died.

#include "session.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "fil.h"
#include "report_source.hpp"
#include "session_child.hpp"
#include "snapshot_reader.hpp"

namespace fil {
namespace {

fil_callstack stack(std::uint32_t line) {
    const fil_text name{"work", 4}, file{"work.c", 6};
    return fil_callstack_child(FIL_CALLSTACK_UNKNOWN,
                               fil_function_intern(FIL_FUNCTION_ANNOUNCED, name, file, 1), line);
}

std::int64_t total(const session& session, std::size_t number) {
    const auto read =
        read_snapshot(session.processes().at(number).view(),
                      read_usage(session.processes().at(number).view(), session.page()), {}, {});
    return read.snapshot.total(mapping_kind::anonymous);
}

alignas(64) char blocks[4][1024];

TEST(session, a_process_killed_at_its_peak_leaves_it_behind) {
    session session;
    const int status = run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        fil_record_alloc_at(blocks[1], 500, stack(2));
        raise(SIGKILL);
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ASSERT_EQ(session.processes().size(), 1u);
    EXPECT_EQ(session.page().peak, 1500);
    EXPECT_EQ(session.page().live, 0);
    EXPECT_EQ(total(session, 0), 1500);
}

TEST(session, the_peak_is_that_of_all_processes_together) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1'000'000, stack(1));
        const pid_t child = fork();
        if (child == 0) {
            fil_record_alloc_at(blocks[1], 700'000, stack(2));
            fil_record_free(blocks[1]);
            fil_recorder_close();
            _exit(0);
        }
        waitpid(child, nullptr, 0);
        fil_record_free(blocks[0]);
        fil_record_alloc_at(blocks[0], 900'000, stack(3));
        fil_recorder_close();
    });
    ASSERT_EQ(session.processes().size(), 2u);
    EXPECT_EQ(session.page().peak, 1'700'000);
    EXPECT_EQ(total(session, 0), 1'000'000);
    EXPECT_EQ(total(session, 1), 700'000);
    EXPECT_EQ(session.page().live, 0);
}

TEST(session, a_forked_childs_memory_is_its_own) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        const pid_t child = fork();
        if (child == 0) {
            fil_record_free(blocks[0]);  // the parent's block: not of this process
            fil_recorder_close();
            _exit(0);
        }
        waitpid(child, nullptr, 0);
    });
    EXPECT_EQ(total(session, 0), 1000);
}

TEST(session, a_process_that_closed_may_reopen) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        fil_recorder_close();
        fil_record_alloc_at(blocks[1], 1, stack(1));  // ignored
        fil_recorder_reopen();
        fil_record_alloc_at(blocks[2], 50, stack(2));
    });
    EXPECT_EQ(session.page().peak, 1050);
    EXPECT_EQ(total(session, 0), 1050);
}

TEST(session, allocations_between_raise_and_lower_are_left_out_and_are_no_miss) {
    session session;
    run_child(session, [] {
        fil_record_alloc_at(blocks[0], 1000, stack(1));
        fil_guard_raise();
        fil_record_alloc_at(blocks[1], 500, stack(2));
        fil_record_free(blocks[0]);  // frees still count
        fil_guard_lower();
        fil_record_alloc_at(blocks[2], 10, stack(3));
    });
    const recording_header& header = session.processes().at(0).header();
    EXPECT_EQ(header.missed_events, 0u);
    EXPECT_EQ(header.live + session.processes().at(0).view().pending(), 10);
}

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

TEST(session, a_large_mapping_is_listed) {
    session session;
    run_child(session, [] {
        const auto* at = reinterpret_cast<const void*>(0x7000'0000'0000);
        fil_record_map(at, 1 << 30, FIL_MAPPING_ANONYMOUS);
        fil_record_map(reinterpret_cast<const void*>(0x6000'0000'0000), 4096,
                       FIL_MAPPING_ANONYMOUS);
    });
    const large_mapping_record& first = session.processes().at(0).header().large_mappings[0];
    EXPECT_EQ(first.address, 0x7000'0000'0000u);
    EXPECT_EQ(first.bytes, 1u << 30);
    EXPECT_EQ(session.processes().at(0).header().large_mappings[1].address, 0u);
}

TEST(session_address, is_taken_apart_and_refused_if_foreign) {
    session_address address;
    const std::string token(token_length, 'a');
    const std::string text = "1:42:" + token + ":/tmp/with:colon/session";
    ASSERT_TRUE(parse_session_address(text, address));
    EXPECT_EQ(address.supervisor_pid, 42);
    EXPECT_EQ(address.token, token);
    EXPECT_EQ(address.socket_path, "/tmp/with:colon/session");
    EXPECT_FALSE(parse_session_address("2:42:" + token + ":/tmp/x", address));
    EXPECT_FALSE(parse_session_address("1:42:short:/tmp/x", address));
    EXPECT_FALSE(parse_session_address("", address));
}

int lines_of_maps_with(const std::string& text) {
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);) count += line.find(text) != line.npos;
    return count;
}

TEST(session, a_forked_child_keeps_nothing_of_its_ancestors_mapped) {
    session session;
    const int status = run_child(session, [] {
        const auto in_fork = [](auto&& body) {
            const pid_t child = fork();
            if (child == 0) {
                fil_record_alloc_at(blocks[0], 100, stack(1));
                body();
                // The session's page is here twice: the supervisor forked us.
                const bool alone = lines_of_maps_with("fil-recording") == 1 &&
                                   lines_of_maps_with("fil-session") == 2;
                _exit(alone ? 0 : 1);
            }
            int status = 0;
            waitpid(child, &status, 0);
            if (status != 0) _exit(1);
        };
        in_fork([&] { in_fork([] {}); });
    });
    EXPECT_EQ(status, 0);
    EXPECT_EQ(session.processes().size(), 3u);
}

TEST(session, what_could_not_join_keeps_nothing_mapped) {
    const auto child_status = [](const char* address) {
        setenv("FIL_SESSION", address, 1);
        const pid_t child = fork();
        if (child == 0) {
            fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
            options.memory = FIL_MEMORY_SESSION;
            const bool failed = fil_recorder_start(&options, nullptr) != FIL_OK;
            _exit(failed && lines_of_maps_with("fil-recording") == 0 ? 0 : 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return status;
    };
    const std::string nobody = "1:1:" + std::string(token_length, 'a') + ":/nowhere/session";
    EXPECT_EQ(child_status(nobody.c_str()), 0);
}

TEST(session, the_first_runtime_that_is_told_counts) {
    session session;
    run_child(session, [] {
        for (const char* runtime : {"CPython 3.12.1", "other 1.0"}) {
            fil_recorder_describe({"runtime", 7}, {runtime, strlen(runtime)});
        }
        fil_record_alloc_at(blocks[0], 100, stack(1));
    });
    report::facts run;
    const recording_view view = session.processes().at(0).view();
    add_recorded_facts(run, {view, session.page()});
    EXPECT_EQ(run.runtime, "CPython 3.12.1");
    fil_process process = FIL_PROCESS_INIT;
    fil_session_process(reinterpret_cast<fil_session*>(&session), 0, &process);
    EXPECT_EQ(std::string(process.runtime.data, process.runtime.length), "CPython 3.12.1");
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
        join_request request{session_protocol_version, getpid(), getppid(),
                             request_kind::join,       {},       0};
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

// Serves a child that runs out of memory, as a supervisor does; its last words.
struct ran_out {
    fil_out_of_memory words = FIL_OUT_OF_MEMORY_INIT;
    int times = 0;
    int status = 0;
    std::int64_t alive = 0;  // by its recording, with the request
};

template <typename Body>
ran_out run_out_of_memory(
    session& session, Body&& body, const std::function<void()>& look = [] {}) {
    auto* handle = reinterpret_cast<fil_session*>(&session);
    setenv("FIL_SESSION", session.environment().c_str(), 1);
    const pid_t child = fork();
    if (child == 0) {
        fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
        options.memory = FIL_MEMORY_SESSION;
        if (fil_recorder_start(&options, nullptr) != FIL_OK) _exit(99);
        body();
        _exit(0);
    }
    ran_out seen;
    while (waitpid(child, &seen.status, WNOHANG) == 0) {
        pollfd waiting{session.descriptor(), POLLIN, 0};
        poll(&waiting, 1, 5);
        session.serve();
        look();
        if (fil_session_out_of_memory(handle, &seen.words) != FIL_OK) continue;
        ++seen.times;
        const joined_process* process = session.find(seen.words.pid);
        const failed_request request{callstack_id{seen.words.request_callstack},
                                     std::int64_t(seen.words.request_bytes)};
        const auto read = read_snapshot(
            process->view(), usage_now(process->view(), callstack_id::unknown, request), {}, {});
        seen.alive = read.snapshot.total(mapping_kind::anonymous);
        fil_session_let_go(handle, seen.words.pid);
    }
    return seen;
}

TEST(out_of_memory, a_failed_request_ends_its_process_after_it_was_heard) {
    session session;
    fil_session_detect_out_of_memory(reinterpret_cast<fil_session*>(&session));
    const ran_out seen = run_out_of_memory(session, [] {
        fil_record_alloc_at(blocks[0], 5'000'000, stack(1));
        fil_record_free(blocks[0]);
        fil_record_alloc_at(blocks[1], 1000, stack(2));
        fil_record_failed(SIZE_MAX);  // nobody has so much
        fil_record_failed(1ull << 50);
    });
    ASSERT_TRUE(WIFEXITED(seen.status));
    EXPECT_EQ(WEXITSTATUS(seen.status), 53);
    EXPECT_EQ(seen.times, 1);
    EXPECT_EQ(seen.words.request_bytes, 1ull << 50);
    EXPECT_EQ(seen.alive, (1ll << 50) + 1000);
}

TEST(out_of_memory, is_nothing_to_a_session_that_does_not_detect_it) {
    session session;
    const ran_out seen = run_out_of_memory(session, [] {
        fil_record_failed(1ull << 50);
        _exit(7);
    });
    EXPECT_EQ(WEXITSTATUS(seen.status), 7);
    EXPECT_EQ(seen.times, 0);
}

TEST(out_of_memory, memory_that_is_low_ends_who_is_told_at_its_next_allocation) {
    session session;
    int told[2];
    ASSERT_EQ(pipe(told), 0);
    bool is_told = false;
    const auto tell = [&] {
        if (is_told || session.page().live < 100'000) return;
        fil_session_memory_is_low(reinterpret_cast<fil_session*>(&session),
                                  session.processes().front().pid);
        is_told = write(told[1], "x", 1) == 1;
    };
    const ran_out seen = run_out_of_memory(
        session,
        [&] {
            fil_record_alloc_at(blocks[0], 100'000, stack(1));
            char byte;
            if (read(told[0], &byte, 1) != 1) _exit(98);
            fil_record_alloc_at(blocks[1], 100'000, stack(2));
        },
        tell);
    EXPECT_EQ(WEXITSTATUS(seen.status), 53);
    EXPECT_EQ(seen.words.request_bytes, 0u);
    EXPECT_EQ(seen.alive, 200'000);
}

TEST(out_of_memory, what_stdio_holds_is_written_out_unless_a_stream_is_locked) {
    for (const bool is_locked : {false, true}) {
        session session;
        fil_session_detect_out_of_memory(reinterpret_cast<fil_session*>(&session));
        int output[2];
        ASSERT_EQ(pipe(output), 0);
        fflush(stdout);  // of the test's own
        const ran_out seen = run_out_of_memory(session, [&] {
            dup2(output[1], 1);
            setvbuf(stdout, nullptr, _IOFBF, 4096);
            printf("buffered");
            std::atomic<bool> locked = false;
            std::thread holder([&] {
                if (is_locked) flockfile(stdout);
                locked = true;
                pause();
            });
            while (!locked) usleep(1000);
            fil_record_failed(1000);
        });
        close(output[1]);
        char text[100] = {};
        EXPECT_EQ(read(output[0], text, sizeof text), is_locked ? 0 : 8);
        EXPECT_STREQ(text, is_locked ? "" : "buffered");
        EXPECT_EQ(WEXITSTATUS(seen.status), 53);
        close(output[0]);
    }
}

TEST(out_of_memory, who_is_not_heard_goes_on) {
    session session;
    fil_session_detect_out_of_memory(reinterpret_cast<fil_session*>(&session));
    const int status = run_child(session, [&] {
        session.page().supervisor_pid = 0x3fffffff;  // of no process: as if it had been killed
        fil_record_failed(1000);
        fil_record_failed(1000);
        _exit(7);
    });
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace fil
