#include "fil/track/usage.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "../capture/scratch_recording.hpp"
#include "fil/recording/at_peak.hpp"

namespace fil {
namespace {

TEST(usage, remembers_what_it_was_when_the_peak_moved_on) {
    usage_record usage{};
    change_usage(usage, 0, 100);
    EXPECT_EQ(usage.now, 100);
    change_usage(usage, 100, 50);  // the peak was 100, before this
    EXPECT_EQ(usage.at_peak, 100);
    EXPECT_EQ(usage.settled_at, 100);
    change_usage(usage, 100, -150);  // the same peak still: nothing is remembered anew
    EXPECT_EQ(usage.at_peak, 100);
    EXPECT_EQ(usage.now, 0);
    change_usage(usage, 150, 7);
    EXPECT_EQ(usage.at_peak, 0);
    EXPECT_EQ(usage.settled_at, 150);
}

TEST(usage, counts_allocations_whatever_is_freed) {
    usage_record usage{};
    count_allocation(usage);
    count_allocation(usage);
    change_usage(usage, 0, -100);
    EXPECT_EQ(usage.allocations, 2u);
}

TEST(usage, is_made_at_first_touch_and_is_then_the_same) {
    test::scratch_recording recording;
    recording_memory& memory = recording.memory();
    auto& set = *memory.at<usage_set_record>(memory.take(usage_set_pages));
    const callstack_id far{usage_chunk::records * 3 + 5};
    EXPECT_EQ(known_usage_of(memory, set, far), nullptr);
    usage_record* made = usage_of(memory, set, far);
    ASSERT_NE(made, nullptr);
    EXPECT_EQ(usage_of(memory, set, far), made);
    EXPECT_EQ(known_usage_of(memory, set, far), made);
    EXPECT_EQ(known_usage_of(memory, set, callstack_id{to_index(far) + 1}), made + 1);
    EXPECT_EQ(known_usage_of(memory, set, callstack_id{5}), nullptr);
}

TEST(usage, of_a_full_recording_is_none) {
    test::scratch_recording recording(1 << 20);
    recording_memory& memory = recording.memory();
    auto& set = *memory.at<usage_set_record>(memory.take(usage_set_pages));
    while (memory.take(1) != page_number::none) {
    }
    EXPECT_EQ(usage_of(memory, set, callstack_id{1}), nullptr);
}

// At each peak exactly that many bytes were there, whenever a reader looks.
TEST(usage, a_reader_that_looks_meanwhile_finds_what_was_at_the_peak) {
    usage_record usage{};
    recording_header header{};
    std::atomic<std::int64_t> peak{0}, wrong{0}, compared{0};
    std::atomic<bool> ends{false};
    std::thread reads([&] {
        while (!ends.load()) {
            const std::int64_t before = peak.load();
            const std::int64_t found = bytes_at_peak(usage, header, before, false);
            if (peak.load() != before || before == 0) continue;
            compared.fetch_add(1);
            if (found != before) wrong.fetch_add(1);
        }
    });
    for (std::int64_t round = 1; compared < 1000 && round != 100'000'000; ++round) {
        change_usage(usage, peak, round - usage.now);
        peak.store(round);
        for (const std::int64_t change : {3, -5, 2}) change_usage(usage, round, change);
    }
    ends = true;
    reads.join();
    EXPECT_GT(compared, 0);
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace fil
