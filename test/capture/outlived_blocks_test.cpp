#include "fil/capture/outlived_blocks.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace fil {
namespace {

constexpr std::uintptr_t word = 0x7F0000001000;
constexpr callstack_id of_a{10}, of_b{11};

struct outlived : testing::Test {
    std::unique_ptr<outlived_blocks> blocks = std::make_unique<outlived_blocks>();
    callstack_id there = of_a;  // at the word
    bool is_under_way = true;

    void look_at_all() {
        for (int i = 0; i != 256; ++i)
            blocks->look([&](std::uintptr_t) { return there; },
                         [&](callstack_id) { return is_under_way; });
    }
};

TEST_F(outlived, is_a_block_that_lives_when_nobody_is_in_its_call) {
    EXPECT_FALSE(blocks->meets(word, of_a));
    look_at_all();
    EXPECT_FALSE(blocks->meets(word, of_a)) << "the call goes on";
    is_under_way = false;
    look_at_all();
    EXPECT_TRUE(blocks->meets(word, of_a));
    is_under_way = true;
    look_at_all();
    EXPECT_TRUE(blocks->meets(word, of_a)) << "the same line calls again";
}

TEST_F(outlived, is_forgotten_with_the_block) {
    blocks->meets(word, of_a);
    is_under_way = false;
    there = callstack_id::none;  // freed with its call
    look_at_all();
    there = of_a;
    EXPECT_FALSE(blocks->meets(word, of_a));
    look_at_all();
    EXPECT_TRUE(blocks->meets(word, of_a));
    EXPECT_FALSE(blocks->meets(word, of_b)) << "another block in its place";
}

}  // namespace
}  // namespace fil
