#include "live/curve.hpp"

#include <gtest/gtest.h>

namespace fil::cli {
namespace {

const std::vector<fil_sample> samples = {{0, 0, 0, -1}, {5, 0, 40, -1}, {9.9, 0, 80, -1}};

TEST(curve, is_as_high_as_the_most_and_goes_on_where_nobody_looked) {
    const std::vector<std::string> rows = curve(samples, 10, 80, 10, 2, false);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0], "         █");
    EXPECT_EQ(rows[1], "     █████");
}

TEST(curve, has_parts_of_a_row_and_shows_the_least_that_is_there) {
    const std::vector<fil_sample> little = {{0, 0, 1, -1}, {1, 0, 50, -1}};
    EXPECT_EQ(curve(little, 2, 100, 2, 1, false)[0], "▁▄");
    EXPECT_EQ(curve(little, 2, 100, 2, 1, true)[0], ".#");
}

TEST(curve, is_empty_where_there_is_nothing) {
    EXPECT_EQ(curve({}, 10, 80, 10, 2, false), (std::vector<std::string>(2)));
    EXPECT_EQ(curve(samples, 10, 0, 10, 1, false), (std::vector<std::string>(1)));
    EXPECT_TRUE(curve(samples, 10, 80, 10, 0, false).empty());
}

TEST(growth, is_since_the_first_sample_in_that_time) {
    EXPECT_DOUBLE_EQ(growth(samples, 10, 90, 6), 10);  // from 40 at 5
    EXPECT_DOUBLE_EQ(growth(samples, 10, 90, 20), 9);  // from the start
    EXPECT_DOUBLE_EQ(growth(samples, 30, 90, 10), 0);  // nobody looked
}

}  // namespace
}  // namespace fil::cli
