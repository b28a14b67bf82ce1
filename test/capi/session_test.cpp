// A process joins a session as the preload library does, and is read after it died.

#include "session.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fil.h"
#include "snapshot_reader.hpp"

namespace fil {
namespace {

// Runs `body` in a child that records into the session, and serves it until it is dead.
template <typename Body>
int run_child(session& session, Body&& body) {
    setenv("FIL_SESSION", session.environment().c_str(), 1);
    const pid_t child = fork();
    if (child == 0) {
        fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
        options.memory = FIL_MEMORY_SESSION;
        if (fil_recorder_start(&options, nullptr) != FIL_OK) _exit(99);
        body();
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        pollfd waiting{session.descriptor(), POLLIN, 0};
        poll(&waiting, 1, 5);
        session.serve();
    }
    session.process_ended(child);
    return status;
}

fil_callstack stack(std::uint32_t line) {
    const fil_text name{"work", 4}, file{"work.c", 6};
    return fil_callstack_child(FIL_CALLSTACK_UNKNOWN,
                               fil_function_intern(FIL_FUNCTION_ANNOUNCED, name, file, 1), line);
}

std::int64_t total(const session& session, std::size_t number) {
    const auto read = read_snapshot(session.processes().at(number).view(), session.page(), {}, {});
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

}  // namespace
}  // namespace fil
