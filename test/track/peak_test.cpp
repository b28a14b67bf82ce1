#include "fil/track/peak.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

struct peak : testing::Test {
    live_and_peak words;
    peak_tracker<own_words> tracker{words};
    std::atomic<std::int64_t> pending{0};

    void change(std::int64_t bytes) {
        if (bytes < 0) tracker.before_decrease(pending);
        tracker.change(pending, bytes);
    }
};

TEST_F(peak, is_raised_before_anything_is_subtracted) {
    change(100);
    EXPECT_EQ(words.peak, 0);  // nobody asked yet
    change(-40);
    EXPECT_EQ(words.peak, 100);
    change(30);
    change(-90);
    EXPECT_EQ(words.peak, 100);  // 90 was less
    EXPECT_EQ(words.live + pending, 0);
}

TEST_F(peak, small_changes_stay_with_the_thread_and_large_ones_are_published) {
    change(16 * 1024);
    EXPECT_EQ(words.live, 0);
    EXPECT_EQ(pending, 16 * 1024);
    change(1);
    EXPECT_EQ(words.live, 16 * 1024 + 1);
    EXPECT_EQ(pending, 0);
    change(-20'000);
    EXPECT_EQ(words.live, 16 * 1024 + 1 - 20'000);
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
    EXPECT_EQ(words.threads, 64u);
    EXPECT_TRUE(tracker.may_stay_pending(256));
    EXPECT_TRUE(tracker.may_stay_pending(-256));
    EXPECT_FALSE(tracker.may_stay_pending(257));
    EXPECT_FALSE(tracker.may_stay_pending(-257));
}

TEST_F(peak, counts_into_other_words_from_now_on) {
    change(20'000);
    live_and_peak others;
    tracker.use(others);
    change(30'000);
    change(-30'000);
    EXPECT_EQ(others.peak, 30'000);
    EXPECT_EQ(words.live, 20'000);
    EXPECT_EQ(words.peak, 0);
}

TEST_F(peak, is_never_lowered) {
    tracker.raise_peak_to(100);
    tracker.raise_peak_to(50);
    EXPECT_EQ(words.peak, 100);
    raise_to(words.peak, 99);
    EXPECT_EQ(words.peak, 100);
}

// Asked before each rise, and never else.
struct counting_words : own_words {
    static inline int rises = 0;
    using own_words::own_words;
    void before_rise() const { ++rises; }
};

TEST(peak_words, are_asked_before_the_peak_rises) {
    live_and_peak words;
    const peak_tracker<counting_words> tracker{counting_words(words)};
    std::atomic<std::int64_t> pending{0};
    tracker.change(pending, 20'000);
    EXPECT_EQ(counting_words::rises, 0);
    tracker.before_decrease(pending);
    EXPECT_EQ(counting_words::rises, 1);
    tracker.before_decrease(pending);
    tracker.raise_peak_to(20'000);
    EXPECT_EQ(counting_words::rises, 1);
    tracker.raise_peak_to(20'001);
    EXPECT_EQ(counting_words::rises, 2);
}

}  // namespace
}  // namespace fil
