// The generation, and what it says of why it rose.

#include "fil/base/generation.hpp"

#include <gtest/gtest.h>

#include <thread>

using fil::generation;

namespace {

struct cause {
    std::uintptr_t block = 0;
    std::uint64_t bytes = 0;
    bool is_known;
    cause(const generation& of, std::uint64_t risen) : is_known(of.cause_of(risen, block, bytes)) {}
};

}  // namespace

TEST(generation, says_which_block_was_freed) {
    generation one;
    one.raise(0x1000, 24);
    one.raise();
    one.raise(0x2000, 32);
    EXPECT_EQ(one.number(), 4u);
    EXPECT_EQ(cause(one, 2).block, 0x1000u);
    EXPECT_EQ(cause(one, 2).bytes, 24u);
    EXPECT_FALSE(cause(one, 3).is_known);
    EXPECT_EQ(cause(one, 4).block, 0x2000u);
    EXPECT_FALSE(cause(one, 5).is_known);
}

TEST(generation, has_no_cause_where_the_size_is_not_known) {
    generation one;
    one.raise(0x1000, 0);
    EXPECT_EQ(one.number(), 2u);
    EXPECT_FALSE(cause(one, 2).is_known);
}

TEST(generation, forgets_what_was_long_ago) {
    generation one;
    for (std::uint64_t i = 0; i <= generation::causes; ++i) one.raise(0x1000 + i, 16);
    EXPECT_FALSE(cause(one, 2).is_known);
    EXPECT_EQ(cause(one, 3).block, 0x1001u);
}

TEST(generation, tells_no_mixture_of_two_causes) {
    static generation one;
    std::thread other([] {
        for (int i = 0; i < 100000; ++i) one.raise(32, 32);
    });
    unsigned known = 0;
    for (int i = 0; i < 100000; ++i) {
        one.raise(16, 16);
        const cause last(one, one.number());
        if (!last.is_known) continue;
        ++known;
        EXPECT_EQ(last.block, last.bytes);
    }
    other.join();
    EXPECT_EQ(one.number(), 200001u);
    EXPECT_GT(known, 0u);
}
