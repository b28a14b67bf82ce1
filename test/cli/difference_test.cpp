#include "lab/difference.hpp"

#include <gtest/gtest.h>

#include <random>

namespace fil::cli {
namespace {

using figures = std::vector<double>;

TEST(difference, of_once_and_twice_nothing_is_sure) {
    EXPECT_FALSE(is_surely_less({1}, {100}, 0));
    EXPECT_FALSE(is_surely_less({1, 1}, {100, 100}, 0));
}

TEST(difference, of_a_few_it_must_be_large_for_how_much_they_vary) {
    EXPECT_FALSE(is_surely_less({10, 11, 12}, {13, 14, 15}, 0)) << "chance in 1 of 10";
    EXPECT_TRUE(is_surely_less({10, 10.1, 10.2}, {13, 13.1, 13.2}, 0));
    EXPECT_FALSE(is_surely_less({10, 11, 12, 11, 10}, {13, 14, 12.5, 13, 14}, 0));
    EXPECT_TRUE(is_surely_less({10, 11, 12, 11, 10}, {16, 15, 15, 16, 15}, 0));
    EXPECT_FALSE(is_surely_less({16, 15, 15, 16, 15}, {10, 11, 12, 11, 10}, 0)) << "more is not";
}

TEST(difference, of_six_ranks_tell_whatever_stands_out) {
    EXPECT_TRUE(is_surely_less({1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 1000}, 0));
    EXPECT_FALSE(is_surely_less({1, 2, 3, 4, 5, 9.5}, {7, 8, 9, 10, 11, 12}, 0));
    EXPECT_FALSE(is_surely_less({1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}, 0));
}

TEST(difference, within_a_step_of_what_can_be_told_it_is_none) {
    EXPECT_TRUE(is_surely_less({41, 41, 41}, {58, 58, 58}, 1)) << "always the same";
    EXPECT_TRUE(is_surely_less({0, 0, 0}, {3, 3, 3}, 1));
    EXPECT_FALSE(is_surely_less({41, 41, 41}, {42, 42, 42}, 1));
    EXPECT_FALSE(is_surely_less({1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2}, 1));
}

// Two that are the same, and the one whose median is less: it is never named more often than said.
template <typename Next>
double share_named(std::size_t times, Next next) {
    constexpr int tries = 20'000;
    int named = 0;
    for (int i = 0; i < tries; ++i) {
        figures one(times), other(times);
        for (double& each : one) each = next();
        for (double& each : other) each = next();
        named += is_surely_less(one, other, 0) || is_surely_less(other, one, 0) ? 1 : 0;
    }
    return static_cast<double>(named) / tries;
}

TEST(difference, equals_are_named_in_one_of_two_hundred_cases_at_most) {
    std::mt19937_64 chance(20261130);
    std::normal_distribution<double> normal(100, 5);
    std::exponential_distribution<double> skewed(1);
    for (const std::size_t times : {3, 4, 5, 6, 8, 12}) {
        EXPECT_LE(share_named(times, [&] { return normal(chance); }), 0.0060) << times;
        EXPECT_LE(share_named(times, [&] { return skewed(chance); }), 0.0060) << times;
    }
}

}  // namespace
}  // namespace fil::cli
