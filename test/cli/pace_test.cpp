#include "sample/pace.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

TEST(pace, looks_often_at_first_and_seldom_later) {
    EXPECT_EQ(milliseconds_to_next_look(0, 0), 2);
    EXPECT_EQ(milliseconds_to_next_look(10, 0), 10);
    EXPECT_EQ(milliseconds_to_next_look(100000, 0), 20);
}

TEST(pace, dear_looks_are_seldom) {
    for (double cost : {0.00005, 0.0001, 0.0005, 0.001})
        for (double seconds : {2.0, 10.0, 100000.0})
            EXPECT_LE(1000 * cost / milliseconds_to_next_look(seconds, cost), 0.0051);
    EXPECT_LE(milliseconds_to_next_look(0, 0.00005), 2);  // a short run is worth more
    EXPECT_EQ(milliseconds_to_next_look(100000, 1), 200);
}

TEST(pace, follows_what_looks_cost) {
    pace steps;
    EXPECT_EQ(steps.milliseconds(100), 20);
    const double begin = cpu_seconds();
    while (cpu_seconds() < begin + 0.01) {
    }
    const int after_a_dear_one = steps.milliseconds(100);
    EXPECT_GT(after_a_dear_one, 100);
    for (int i = 0; i < 100; ++i) steps.milliseconds(100);
    EXPECT_EQ(steps.milliseconds(100), 20);
}

TEST(pace, does_not_mind_what_has_a_pace_of_its_own) {
    pace steps;
    const double begin = cpu_seconds();
    while (cpu_seconds() < begin + 0.1) {
    }
    EXPECT_LT(steps.milliseconds(100, cpu_seconds() - begin), 100);
}

}  // namespace
}  // namespace fil::cli
