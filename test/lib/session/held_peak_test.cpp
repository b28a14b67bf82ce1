// Who waits for it is shown by test/capi/live_copy_test.cpp.

#include "session/held_peak.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

TEST(held_peak, is_raised_to_what_is_live_and_held_for_a_while) {
    session_page page{};
    page.peak = 100;
    const std::int64_t before = os::monotonic_ns();
    {
        const held_peak held(page, 150);
        EXPECT_EQ(held.peak(), 150);
        EXPECT_EQ(page.peak, 150);
        EXPECT_GE(page.held_until, before + session_words::longest_hold_ns);
        EXPECT_LE(page.held_until, os::monotonic_ns() + session_words::longest_hold_ns);
        EXPECT_FALSE(held.rose());
        page.peak = 151;
        EXPECT_TRUE(held.rose());
        EXPECT_EQ(held.peak(), 150);
    }
    EXPECT_EQ(page.held_until, 0);
}

TEST(held_peak, that_was_higher_stays) {
    session_page page{};
    page.peak = 100;
    const held_peak held(page, 99);
    EXPECT_EQ(held.peak(), 100);
    EXPECT_FALSE(held.rose());
}

}  // namespace
}  // namespace fil
