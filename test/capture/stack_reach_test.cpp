#include "fil/capture/stack_reach.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

constexpr std::uintptr_t page = 4096, own_end = 0x800000, own_low = own_end - 16 * page;

// The thread's own stack has 16 pages, with a hole below; a fibre's has two, further down.
struct scripted_ends {
    static inline int questions = 0;
    static inline std::set<std::uintptr_t> fibre{0x100000, 0x101000};
    static std::uintptr_t nearest_end(std::uintptr_t sp) { return sp < own_end ? own_end : 0; }
    static bool is_readable(std::uintptr_t at) {
        ++questions;
        return (at >= own_low && at < own_end) || fibre.contains(at);
    }
};

struct stack_reach : testing::Test {
    fil::stack_reach<scripted_ends> reach{};
    int questions() {
        const int asked = scripted_ends::questions;
        scripted_ends::questions = 0;
        return asked;
    }
    void SetUp() override { questions(); }
};

TEST_F(stack_reach, of_the_threads_own_stack_is_all_of_it) {
    reach.begin_at(own_end - 100);
    EXPECT_TRUE(reach.holds_until(own_end));
    EXPECT_FALSE(reach.holds_until(own_end + 8));
    EXPECT_TRUE(reach.holds(own_end - 8));
    EXPECT_FALSE(reach.holds(own_end));
    EXPECT_FALSE(reach.holds(own_end - 108)) << "below the stack pointer";
    EXPECT_FALSE(reach.holds(~std::uintptr_t{0} - 7));
}

TEST_F(stack_reach, tells_whether_a_place_is_known_to_be_on_the_threads_own_stack) {
    EXPECT_FALSE(reach.is_on_own(own_end - 100));
    reach.begin_at(own_end - 100);
    questions();
    EXPECT_TRUE(reach.is_on_own(own_end - 100));
    EXPECT_FALSE(reach.is_on_own(own_end - 2 * page));
    EXPECT_FALSE(reach.is_on_own(own_end));
    EXPECT_EQ(questions(), 0);
    EXPECT_TRUE(reach.own().holds_until(own_end));
    EXPECT_FALSE(reach.own().holds_until(own_end + 8));
    reach.begin_at(0x100800);  // a fibre's: what is known of the own one stays
    EXPECT_FALSE(reach.is_on_own(0x100800));
    EXPECT_TRUE(reach.is_on_own(own_end - 100));
    EXPECT_TRUE(reach.own().holds_until(own_end));
    reach.begin_thread();
    EXPECT_FALSE(reach.is_on_own(own_end - 100));
}

TEST_F(stack_reach, asks_only_where_the_stack_is_deeper_than_before) {
    reach.begin_at(own_end - 3 * page);
    EXPECT_EQ(questions(), 3);
    reach.begin_at(own_end - 2 * page);
    EXPECT_EQ(questions(), 0);
    reach.begin_at(own_low + 16);
    EXPECT_EQ(questions(), 13);
    EXPECT_TRUE(reach.holds_until(own_end));
}

TEST_F(stack_reach, of_another_stack_grows_by_pages_that_are_there) {
    for (int turn = 0; turn < 2; ++turn) {
        reach.begin_at(0x100800);
        questions();
        EXPECT_TRUE(reach.holds_until(0x101000));
        EXPECT_EQ(questions(), 0);
        EXPECT_TRUE(reach.holds_until(0x101ff0));
        EXPECT_FALSE(reach.holds_until(0x102008));
        EXPECT_FALSE(reach.holds_until(own_end));
        reach.begin_at(own_end - 8);  // and back
        EXPECT_TRUE(reach.holds_until(own_end));
    }
}

TEST_F(stack_reach, looks_for_holes_once) {
    reach.begin_at(0x100800);
    EXPECT_GT(questions(), 15);
    reach.begin_at(0x100800);
    EXPECT_EQ(questions(), 0);
}

TEST_F(stack_reach, of_a_new_thread_is_another) {
    reach.begin_at(own_end - page);
    reach.begin_thread();
    questions();
    reach.begin_at(own_end - page);
    EXPECT_EQ(questions(), 1);
}

}  // namespace
