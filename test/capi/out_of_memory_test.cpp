// A process that runs out of memory, and its session: last words, status, what is flushed.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <thread>

#include "fil/report/snapshot_reader.hpp"
#include "fil_hooks.h"
#include "fil_supervisor.h"
#include "session/session.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

// Serves a child that runs out of memory, as a supervisor does; its last words.
struct ran_out {
    fil_out_of_memory words = FIL_OUT_OF_MEMORY_INIT;
    int times = 0;
    int status = 0;
    std::int64_t alive = 0;  // by its recording
    std::int64_t asked = 0;  //   likewise
};

template <typename Body>
ran_out run_out_of_memory(
    session& session, Body&& body, const std::function<void()>& look = [] {},
    std::uint32_t flags = 0) {
    auto* handle = reinterpret_cast<fil_session*>(&session);
    const pid_t child = start_child(session, body, flags);
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
        seen.asked = read.snapshot.total(mapping_kind::requested);
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
        fil_record_failed(SIZE_MAX);  // more than any address space
        fil_record_failed(1ull << 56);
        fil_record_failed(1ull << 50);
    });
    ASSERT_TRUE(WIFEXITED(seen.status));
    EXPECT_EQ(WEXITSTATUS(seen.status), 53);
    EXPECT_EQ(seen.times, 1);
    EXPECT_EQ(seen.words.request_bytes, 1ull << 50);
    EXPECT_EQ(seen.alive, 1000);
    EXPECT_EQ(seen.asked, 1ll << 50);
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

void begin_run() {
    const fil_run_options options = FIL_RUN_OPTIONS_INIT;
    if (fil_run_begin(&options, nullptr) != FIL_OK) _exit(97);
}

// Says that memory is low to whoever joined, as soon as that has allocated in a run.
struct low_in_a_run {
    session& of;
    bool is_told = false;
    void operator()() {
        if (is_told || of.processes().empty()) return;
        const joined_process& process = of.processes().front();
        if (process.run() == nullptr || process.header().live < 100'000) return;
        fil_session_memory_is_low(reinterpret_cast<fil_session*>(&of), process.pid);
        is_told = true;
    }
};

TEST(out_of_memory, in_a_run_is_heard_by_the_session) {
    session session;
    const ran_out seen = run_out_of_memory(
        session,
        [&] {
            begin_run();
            for (char* block = blocks[0];; ++block) {  // until that ends it
                fil_record_alloc_at(block, 100'000, stack(1));
                usleep(1000);
                fil_record_free(block);
            }
        },
        low_in_a_run{session}, FIL_ON_REQUEST);
    EXPECT_EQ(WEXITSTATUS(seen.status), 53);
    EXPECT_EQ(seen.times, 1);
    EXPECT_EQ(seen.words.request_bytes, 0u);
}

TEST(out_of_memory, between_runs_is_the_programs_own_affair) {
    session session;
    fil_session_detect_out_of_memory(reinterpret_cast<fil_session*>(&session));
    const ran_out seen = run_out_of_memory(
        session,
        [&] {
            fil_record_failed(1ull << 50);
            begin_run();
            fil_record_alloc_at(blocks[0], 100'000, stack(1));
            usleep(100'000);  // until memory is low
            fil_run_end(nullptr, nullptr);
            fil_record_failed(1ull << 50);
            begin_run();
            fil_record_alloc_at(blocks[0], 100'000, stack(1));
            _exit(7);
        },
        low_in_a_run{session}, FIL_ON_REQUEST);
    EXPECT_EQ(WEXITSTATUS(seen.status), 7);
    EXPECT_EQ(seen.times, 0);
}

TEST(out_of_memory, who_detects_it_is_who_is_waited_for) {
    session session;  // made here, served by another: a watcher
    const pid_t watcher = fork();
    if (watcher == 0) {
        fil_session_detect_out_of_memory(reinterpret_cast<fil_session*>(&session));
        _exit(0);
    }
    waitpid(watcher, nullptr, 0);
    EXPECT_EQ(session.page().supervisor_pid, watcher);
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
