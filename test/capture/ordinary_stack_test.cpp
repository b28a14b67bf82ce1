#include "fil/capture/ordinary_stack.hpp"

#include <gtest/gtest.h>

namespace {

struct scripted_stack {
    static inline fil::alternate_stack now{};
    static inline int questions = 0;
    static fil::alternate_stack of_this_thread() {
        ++questions;
        return now;
    }
};

constexpr std::uintptr_t stack = 0x7fff'0000'0000;
constexpr std::uintptr_t kib = 1024;

class ordinary_stack : public testing::Test {
  protected:
    ordinary_stack() {
        scripted_stack::now = {};
        scripted_stack::questions = 0;
    }
    bool asked(std::uintptr_t here, bool expected) {
        const int before = scripted_stack::questions;
        EXPECT_EQ(thread.holds(here), expected);
        return scripted_stack::questions != before;
    }

    fil::ordinary_stack<scripted_stack> thread{};
};

TEST_F(ordinary_stack, asks_the_system_only_for_depths_that_are_new) {
    EXPECT_TRUE(asked(stack, true));
    EXPECT_TRUE(asked(stack - 100 * kib, true));
    EXPECT_FALSE(asked(stack - 50 * kib, true));
    EXPECT_FALSE(asked(stack, true));
    EXPECT_FALSE(asked(stack - 100 * kib, true));
    EXPECT_TRUE(asked(stack - 101 * kib, true));
}

TEST_F(ordinary_stack, an_alternate_stack_is_refused_and_not_remembered) {
    EXPECT_TRUE(asked(stack, true));
    scripted_stack::now = {stack - 40 * kib, stack - 32 * kib, true};
    EXPECT_TRUE(asked(stack - 33 * kib, false));
    EXPECT_TRUE(asked(stack - 33 * kib, false));
}

TEST_F(ordinary_stack, a_known_alternate_stack_inside_the_stretch_is_asked_about) {
    scripted_stack::now = {stack - 40 * kib, stack - 32 * kib, false};
    EXPECT_TRUE(asked(stack, true));
    EXPECT_TRUE(asked(stack - 100 * kib, true));
    EXPECT_FALSE(asked(stack - 50 * kib, true));
    scripted_stack::now.active = true;
    EXPECT_TRUE(asked(stack - 35 * kib, false));
    EXPECT_FALSE(asked(stack - 50 * kib, true));
}

TEST_F(ordinary_stack, a_jump_to_another_stack_forgets_the_first) {
    EXPECT_TRUE(asked(stack, true));
    EXPECT_TRUE(asked(stack - 4096 * kib, true));
    EXPECT_TRUE(asked(stack - 2000 * kib, true));
    EXPECT_TRUE(asked(stack, true));
}

}  // namespace
