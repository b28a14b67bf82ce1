#include "sample/timeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <random>

namespace fil::cli {
namespace {

TEST(timeline, keeps_what_fits_as_it_came) {
    timeline line(4, 1.0);
    line.add({0.5, 10, 20});
    line.add({1.5, 30, -1});
    ASSERT_EQ(line.points().size(), 2u);
    EXPECT_EQ(line.points()[0].seconds, 0.5);
    EXPECT_EQ(line.points()[0].resident, 20);
    EXPECT_EQ(line.points()[1].allocated, 30);
    EXPECT_EQ(line.points()[1].resident, -1);
}

TEST(timeline, a_stretch_keeps_its_highest_values_and_the_time_of_the_highest) {
    timeline line(4, 1.0);
    line.add({0.1, 10, 99});
    line.add({0.2, 30, 20});
    line.add({0.3, 20, -1});
    ASSERT_EQ(line.points().size(), 1u);
    EXPECT_EQ(line.points()[0].seconds, 0.2);
    EXPECT_EQ(line.points()[0].allocated, 30);
    EXPECT_EQ(line.points()[0].resident, 99);
}

TEST(timeline, when_full_halves_its_resolution) {
    timeline line(4, 1.0);
    for (int second = 0; second < 5; ++second) line.add({second + 0.0, second * 10, second});
    ASSERT_EQ(line.points().size(), 3u);  // [0,2) [2,4) [4,6)
    EXPECT_EQ(line.points()[0].allocated, 10);
    EXPECT_EQ(line.points()[1].allocated, 30);
    EXPECT_EQ(line.points()[2].allocated, 40);
    EXPECT_EQ(line.points()[2].seconds, 4);
}

TEST(timeline, of_any_length_is_bounded_ordered_and_keeps_its_maxima) {
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
        const std::size_t capacity = 2 + random() % 50;
        timeline line(capacity);
        timeline::point highest{0, -1, -1};
        double seconds = 0;
        std::int64_t most_resident = -1;
        for (int i = 0; i < 2000; ++i) {
            seconds += (random() % 100 == 0 ? 5000 : 1) * 0.0001 * (random() % 50);
            const timeline::point sample{seconds, static_cast<std::int64_t>(random() % 100000),
                                         static_cast<std::int64_t>(random() % 100000)};
            if (sample.allocated > highest.allocated) highest = sample;
            most_resident = std::max(most_resident, sample.resident);
            line.add(sample);
            ASSERT_LE(line.points().size(), capacity);
        }
        const auto points = line.points();
        EXPECT_TRUE(std::ranges::is_sorted(points, {}, &timeline::point::seconds));
        const auto top = std::ranges::max(points, {}, &timeline::point::allocated);
        EXPECT_EQ(top.allocated, highest.allocated);
        EXPECT_EQ(top.seconds, highest.seconds);
        EXPECT_EQ(std::ranges::max(points, {}, &timeline::point::resident).resident, most_resident);
    }
}

}  // namespace
}  // namespace fil::cli
