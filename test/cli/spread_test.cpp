#include "lab/spread.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

TEST(spread, of_five_is_their_least_and_greatest) {
    const spread found = spread_of({5, 1, 4, 2, 3});
    EXPECT_EQ(found.median, 3);
    EXPECT_EQ(found.low, 1);
    EXPECT_EQ(found.high, 5);
}

// Of ten, the second from either end: 97.9 %; the third would be 89.1 %.
TEST(spread, of_more_leaves_the_outermost_out) {
    const spread found = spread_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 100});
    EXPECT_EQ(found.median, 5.5);
    EXPECT_EQ(found.low, 2);
    EXPECT_EQ(found.high, 9);
}

TEST(spread, those_that_touch_are_not_apart) {
    const spread fast = spread_of({10, 11, 12, 11, 10}), slow = spread_of({13, 14, 15, 13, 14});
    const spread noisy = spread_of({9, 20, 12, 18, 14});
    EXPECT_TRUE(fast.is_apart_from(slow));
    EXPECT_FALSE(fast.is_apart_from(noisy));
    EXPECT_FALSE(noisy.is_apart_from(slow));
}

TEST(spread, of_nothing_is_nothing) {
    EXPECT_EQ(spread_of({}).median, 0);
    EXPECT_EQ(spread_of({7}).low, 7);
}

}  // namespace
}  // namespace fil::cli
