// Runs: parts of a process, recorded on request and read by another.

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "checking_child.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

alignas(64) char blocks[8][1024];

fil_text text(const char* words) {
    return {words, std::strlen(words)};
}

fil_callstack stack(std::uint32_t line) {
    const fil_function work =
        fil_function_intern(FIL_FUNCTION_ANNOUNCED, text("work"), text("work.c"), 1);
    return fil_callstack_child(FIL_CALLSTACK_UNKNOWN, work, line);
}

fil_status begin() {
    fil_run_options options = FIL_RUN_OPTIONS_INIT;
    options.directory = text("/somewhere");
    return fil_run_begin(&options, nullptr);
}

fil_run_numbers end() {
    fil_run_numbers numbers = FIL_RUN_NUMBERS_INIT;
    if (fil_run_end(&numbers, nullptr) != FIL_OK) numbers.peak = -1;
    return numbers;
}

// Runs the body in a process that records on request; 0 if all of it held.
template <typename Body>
int status_of(session& session, Body&& body) {
    return WEXITSTATUS(run_child(session, body, FIL_ON_REQUEST));
}

std::int64_t bytes_of_run(const session& session) {
    const joined_process& process = session.processes().at(0);
    const run_record& run = *process.run();
    return read_snapshot(process.view(), read_usage(process.view(), run.page, run.root), {}, {})
        .snapshot.total(mapping_kind::anonymous);
}

TEST(run, counts_what_came_during_it_and_nothing_else) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  fil_record_alloc_at(blocks[0], 100'000, stack(1));
                  HOLDS(1, begin() == FIL_OK);
                  fil_record_alloc_at(blocks[1], 1000, stack(1));
                  fil_record_free(blocks[0]);  // from before: none of this run's
                  fil_record_alloc_at(blocks[2], 500, stack(2));
                  fil_record_free(blocks[1]);
                  const fil_run_numbers numbers = end();
                  HOLDS(2, numbers.peak == 1500);
                  HOLDS(3, numbers.live == 500);
                  fil_record_alloc_at(blocks[3], 70'000, stack(1));
              }));
    EXPECT_EQ(bytes_of_run(session), 1500);
    EXPECT_EQ(session.page().peak, 0) << "a run is no part of the session";
}

TEST(run, begins_at_nothing_whatever_an_earlier_one_left) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  HOLDS(1, begin() == FIL_OK);
                  fil_record_alloc_at(blocks[0], 9000, stack(1));
                  HOLDS(2, end().peak == 9000);
                  HOLDS(3, begin() == FIL_OK);
                  fil_record_free(blocks[0]);
                  fil_record_alloc_at(blocks[1], 40, stack(1));
                  HOLDS(4, end().peak == 40);
              }));
    EXPECT_EQ(bytes_of_run(session), 40);
}

TEST(run, has_callstacks_of_its_own) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  HOLDS(1, begin() == FIL_OK);
                  const std::uint64_t generation = fil_generation();
                  const fil_callstack first = stack(1);
                  end();
                  HOLDS(2, begin() == FIL_OK);
                  HOLDS(3, fil_generation() > generation);
                  HOLDS(4, stack(1) > first);
              }));
}

TEST(run, is_refused_inside_another_and_where_none_is_to_end) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  fil_error error = FIL_ERROR_INIT;
                  HOLDS(1, fil_run_end(nullptr, &error) == FIL_ERROR_STATE);
                  HOLDS(2, std::strstr(error.message, "no run is on") == error.message);
                  HOLDS(3, begin() == FIL_OK);
                  fil_record_alloc_at(blocks[0], 10, stack(1));
                  HOLDS(6, fil_run_check(nullptr) == FIL_ERROR_IN_RUN);
                  HOLDS(4, begin() == FIL_ERROR_IN_RUN);
                  HOLDS(5, end().peak == 10);
              }));
}

TEST(run, is_refused_where_everything_is_recorded) {
    session session;
    const int status = run_child(session, [] {
        fil_error error = FIL_ERROR_INIT;
        fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
        HOLDS(1, begin() == FIL_ERROR_WHOLE_PROGRAM);
        HOLDS(2, fil_run_check(&error) == FIL_ERROR_WHOLE_PROGRAM);
        HOLDS(3, std::strstr(error.message, "no parts") != nullptr);
        HOLDS(4, fil_run_end(nullptr, nullptr) == FIL_ERROR_WHOLE_PROGRAM);
        HOLDS(5, fil_run_report(nullptr) == FIL_ERROR_WHOLE_PROGRAM);
        HOLDS(6, fil_recorder_start(&options, nullptr) == FIL_ERROR_WHOLE_PROGRAM);
    });
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(run, is_refused_where_there_is_no_session) {
    unsetenv("FIL_SESSION");
    EXPECT_EQ(fil_run_check(nullptr), FIL_ERROR_NO_SESSION);
    EXPECT_EQ(begin(), FIL_ERROR_NO_SESSION);
    EXPECT_EQ(fil_run_end(nullptr, nullptr), FIL_ERROR_NO_SESSION);
    EXPECT_EQ(fil_run_report(nullptr), FIL_ERROR_NO_SESSION);
    // There is one, which this process is no part of.
    setenv("FIL_SESSION", "of somebody", 1);
    EXPECT_EQ(fil_run_check(nullptr), FIL_ERROR_NOT_RECORDED);
    unsetenv("FIL_SESSION");
}

TEST(run, sees_threads_that_began_before_it) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  HOLDS(1, begin() == FIL_OK);
                  std::atomic<int> step{0};
                  std::thread old([&] {
                      fil_record_alloc_at(blocks[0], 5, stack(1));
                      fil_thread_inherit(stack(1));
                      step = 1;
                      while (step != 2) std::this_thread::yield();
                      fil_record_alloc_at(blocks[1], 20'000, stack(7));
                      fil_record_alloc(blocks[2], 300);  // what it inherited is of another run
                  });
                  while (step != 1) std::this_thread::yield();
                  HOLDS(2, end().peak >= 5);
                  HOLDS(3, begin() == FIL_OK);
                  step = 2;
                  old.join();
                  HOLDS(4, end().peak == 20'300);
              }));
    EXPECT_EQ(bytes_of_run(session), 20'300);
}

TEST(run, is_not_recorded_in_a_forked_child) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  HOLDS(1, begin() == FIL_OK);
                  fil_record_alloc_at(blocks[0], 10, stack(1));
                  const pid_t child = fork();
                  if (child == 0) {
                      fil_record_alloc_at(blocks[1], 1'000'000, stack(1));
                      _exit(fil_recorder_running() || begin() != FIL_ERROR_NOT_RECORDED ||
                            fil_run_end(nullptr, nullptr) != FIL_ERROR_NOT_RECORDED);
                  }
                  int status = 1;
                  waitpid(child, &status, 0);
                  HOLDS(2, status == 0);
                  HOLDS(3, end().peak == 10);
              }));
    EXPECT_EQ(session.processes().size(), 1u);
}

TEST(run, forgets_what_is_known_of_a_block_from_before_once_that_is_freed) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  HOLDS(1, begin() == FIL_OK);
                  const std::uint64_t generation = fil_generation();
                  HOLDS(2, fil_block_watch(blocks[0]) == 1);
                  fil_record_free(blocks[1]);
                  HOLDS(3, fil_generation() == generation);
                  fil_record_free(blocks[0]);
                  HOLDS(4, fil_generation() > generation);
                  // Of a block from before nobody knows the size.
                  const void* freed;
                  std::size_t bytes;
                  HOLDS(5, fil_generation_cause(generation + 1, &freed, &bytes) == 0);
                  HOLDS(6, end().peak == 0);
              }));
}

TEST(run, asks_for_its_report_and_hears_how_it_went) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  begin();
                  end();
                  fil_error error = FIL_ERROR_INIT;
                  HOLDS(1, fil_run_report(&error) == FIL_ERROR_EMPTY);
                  HOLDS(2, std::strcmp(error.message, "as asked") == 0);
              }));
}

// A supervisor may sleep between runs.
TEST(run, wakes_its_supervisor_when_it_begins) {
    session session;
    int go[2];
    ASSERT_EQ(pipe(go), 0);
    const auto wait_and_begin = [&] {
        char byte;
        if (read(go[0], &byte, 1) == 1) begin();
        for (;;) pause();
    };
    const pid_t child = start_child(session, wait_and_begin, FIL_ON_REQUEST);
    pollfd waiting{session.descriptor(), POLLIN, 0};
    const auto serve_all = [&] {
        while (poll(&waiting, 1, 50) > 0) session.serve();
    };
    for (int i = 0; i < 200 && session.processes().empty(); ++i) serve_all();
    serve_all();
    auto* handle = reinterpret_cast<fil_session*>(&session);
    fil_process process = FIL_PROCESS_INIT;
    ASSERT_EQ(fil_session_process(handle, 0, &process), FIL_OK);
    EXPECT_EQ(process.run_started_ns, 0);
    ASSERT_EQ(write(go[1], "x", 1), 1);
    EXPECT_EQ(poll(&waiting, 1, 5000), 1);
    serve_all();
    ASSERT_EQ(fil_session_process(handle, 0, &process), FIL_OK);
    EXPECT_EQ(process.run_on, 1);
    EXPECT_GT(process.run_started_ns, 0);
    EXPECT_EQ(session.asked(), 0);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

TEST(run, is_still_there_when_the_process_was_killed) {
    session session;
    run_child(
        session,
        [] {
            begin();
            fil_record_alloc_at(blocks[0], 1234, stack(1));
            raise(SIGKILL);
        },
        FIL_ON_REQUEST);
    const joined_process& process = session.processes().at(0);
    EXPECT_EQ(process.run()->on, 1u);
    EXPECT_EQ(process.view().text(process.run()->directory), "/somewhere");
    EXPECT_EQ(bytes_of_run(session), 1234);
}

TEST(run, carries_the_source_of_code_that_is_in_no_file_the_newest_of_a_name) {
    session session;
    EXPECT_EQ(0, status_of(session, [] {
                  const std::string longer(10'000, 'x');
                  fil_recorder_add_source(text("<cell 1>"), text("old"));
                  fil_recorder_add_source(text("<cell 2>"), {longer.data(), longer.size()});
                  begin();
                  fil_recorder_add_source({"<cell 1>\0In [1]", 15}, text("new"));
                  fil_record_alloc_at(blocks[0], 1, stack(1));
                  end();
              }));
    const joined_process& process = session.processes().at(0);
    const auto read =
        read_snapshot(process.view(), read_usage(process.view(), process.run()->page), {}, {});
    EXPECT_EQ(read.snapshot.texts().at("<cell 1>"), "new");
    EXPECT_EQ(read.snapshot.names().at("<cell 1>"), "In [1]");
    EXPECT_FALSE(read.snapshot.names().contains("<cell 2>"));
    EXPECT_EQ(read.snapshot.texts().at("<cell 2>").size(), 10'000u);
}

}  // namespace
}  // namespace fil
