#include "fil/track/peak.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace fil {
namespace {

struct peak : testing::Test {
    session_page session{};
    std::unique_ptr<recording_header> header = std::make_unique<recording_header>();
    peak_tracker tracker{session, *header};
    std::atomic<std::int64_t> pending{0};

    void change(std::int64_t bytes) {
        if (bytes < 0) tracker.before_decrease(pending);
        tracker.change(pending, bytes);
    }
};

TEST_F(peak, is_raised_before_anything_is_subtracted) {
    change(100);
    EXPECT_EQ(session.peak, 0);  // nobody asked yet
    change(-40);
    EXPECT_EQ(session.peak, 100);
    change(30);
    change(-90);
    EXPECT_EQ(session.peak, 100);  // 90 was less
    EXPECT_EQ(session.live + pending, 0);
}

TEST_F(peak, small_changes_stay_with_the_thread_and_large_ones_are_published) {
    change(16 * 1024);
    EXPECT_EQ(session.live, 0);
    EXPECT_EQ(pending, 16 * 1024);
    change(1);
    EXPECT_EQ(session.live, 16 * 1024 + 1);
    EXPECT_EQ(header->live, 16 * 1024 + 1);
    EXPECT_EQ(pending, 0);
    change(-20'000);
    EXPECT_EQ(session.live, 16 * 1024 + 1 - 20'000);
}

TEST(limit_of_pending, is_little_of_a_small_peak_shared_by_many_threads) {
    EXPECT_EQ(limit_of_pending(1, 0), 16 * 1024);
    EXPECT_EQ(limit_of_pending(64, 0), 256);
    EXPECT_EQ(limit_of_pending(100'000, 0), 64);
    EXPECT_EQ(limit_of_pending(64, std::int64_t{1} << 40), 16 * 1024);
    EXPECT_EQ(limit_of_pendings(2, 0), 16 * 1024 + 8 * 1024);
    EXPECT_LE(limit_of_pendings(1000, 0), 1000 * 64 + 130'000);
}

TEST_F(peak, more_threads_keep_less_to_themselves) {
    for (int threads = 0; threads != 64; ++threads) tracker.add_thread();
    EXPECT_EQ(session.threads, 64u);
    EXPECT_TRUE(tracker.may_stay_pending(256));
    EXPECT_TRUE(tracker.may_stay_pending(-256));
    EXPECT_FALSE(tracker.may_stay_pending(257));
    EXPECT_FALSE(tracker.may_stay_pending(-257));
}

TEST_F(peak, a_process_that_ends_takes_its_live_and_threads_along_once) {
    session.live = 1000;  // of another process
    tracker.add_thread();
    change(500);
    tracker.publish(pending);
    tracker.close(0);
    tracker.close(0);
    EXPECT_EQ(session.live, 1000);
    EXPECT_EQ(session.peak, 1500);
    EXPECT_EQ(header->closed_at, 1500);
    EXPECT_EQ(session.threads, 0u);
}

TEST_F(peak, what_is_pending_at_the_end_is_in_the_peak) {
    change(500);
    tracker.close(500);
    EXPECT_EQ(session.peak, 500);
    EXPECT_EQ(header->peak, 500);
}

TEST_F(peak, a_failed_exec_brings_it_all_back) {
    tracker.add_thread();
    change(20'000);
    tracker.close(0);
    EXPECT_EQ(session.live, 0);
    tracker.reopen();
    tracker.reopen();
    EXPECT_EQ(session.live, 20'000);
    EXPECT_EQ(session.threads, 1u);
    EXPECT_EQ(header->closed, 0u);
}

TEST_F(peak, a_run_has_its_own_live_and_peak) {
    change(20'000);
    session_page run{};
    tracker.use(run);
    change(30'000);
    change(-30'000);
    EXPECT_EQ(run.peak, 30'000);
    EXPECT_EQ(session.live, 20'000);
    EXPECT_EQ(session.peak, 0);
}

TEST_F(peak, is_never_lowered) {
    tracker.raise_peak_to(100);
    tracker.raise_peak_to(50);
    EXPECT_EQ(session.peak, 100);
    peak_tracker::raise(session.peak, 99);
    EXPECT_EQ(session.peak, 100);
}

TEST_F(peak, waits_for_a_copy_but_not_for_a_word_that_somebody_scribbled) {
    session.held_until = monotonic_ns() + 3'000'000;
    const std::int64_t end = session.held_until;
    tracker.raise_peak_to(1);
    EXPECT_GE(monotonic_ns(), end);
    session.held_until = monotonic_ns() + 3'600'000'000'000;  // no hold is so long
    tracker.raise_peak_to(2);
    EXPECT_EQ(session.peak, 2);
}

}  // namespace
}  // namespace fil
