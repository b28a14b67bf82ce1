#include "process/session_words.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "fil/track/peak.hpp"
#include "os/os.hpp"

namespace fil {
namespace {

struct session_words_test : testing::Test {
    session_page session{};
    std::unique_ptr<recording_header> header = std::make_unique<recording_header>();
    session_words words{session, *header};

    void add_thread() {
        ++header->threads;
        ++session.threads;
    }
};

TEST_F(session_words_test, what_a_process_adds_is_its_part_of_the_session) {
    session.live = 1000;  // of another process
    EXPECT_EQ(words.add(500), 1500);
    EXPECT_EQ(words.add(-200), 1300);
    EXPECT_EQ(header->live, 300);
    EXPECT_EQ(header->peak, 500);
}

TEST_F(session_words_test, a_process_that_ends_takes_its_live_and_threads_along_once) {
    session.live = 1000;  // of another process
    add_thread();
    words.add(500);
    words.close(0);
    words.close(0);
    EXPECT_EQ(session.live, 1000);
    EXPECT_EQ(session.peak, 1500);
    EXPECT_EQ(header->closed_at, 1500);
    EXPECT_EQ(session.threads, 0u);
}

TEST_F(session_words_test, what_is_pending_at_the_end_is_in_the_peak) {
    words.close(500);
    EXPECT_EQ(session.peak, 500);
    EXPECT_EQ(header->peak, 500);
}

TEST_F(session_words_test, a_failed_exec_brings_it_all_back) {
    add_thread();
    words.add(20'000);
    words.close(0);
    EXPECT_EQ(session.live, 0);
    words.reopen();
    words.reopen();
    EXPECT_EQ(session.live, 20'000);
    EXPECT_EQ(session.threads, 1u);
    EXPECT_EQ(header->closed, 0u);
}

TEST_F(session_words_test, a_run_starts_from_nothing_on_its_own_page) {
    add_thread();
    words.add(20'000);
    session_page run{};
    run.live = 7;  // of the last one
    const session_words of_run = words.started_on(run);
    EXPECT_EQ(of_run.add(30'000), 30'000);
    raise_to(of_run.peak(), 30'000);
    EXPECT_EQ(run.peak, 30'000);
    EXPECT_EQ(run.threads, 1u);
    EXPECT_EQ(header->live, 30'000);
    EXPECT_EQ(session.live, 20'000);
    EXPECT_EQ(session.peak, 0);
}

TEST_F(session_words_test, wait_for_a_copy_but_not_for_a_word_that_somebody_scribbled) {
    const peak_tracker tracker(words);
    session.held_until = os::monotonic_ns() + 3'000'000;
    const std::int64_t end = session.held_until;
    tracker.raise_peak_to(1);
    EXPECT_GE(os::monotonic_ns(), end);
    session.held_until = os::monotonic_ns() + 3'600'000'000'000;  // no hold is so long
    tracker.raise_peak_to(2);
    EXPECT_EQ(session.peak, 2);
}

}  // namespace
}  // namespace fil
