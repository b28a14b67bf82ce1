// Of a program that runs on: test/capi/live_copy_test.cpp.

#include "report/live_copy.hpp"

#include <gtest/gtest.h>

#include "made_recording.hpp"

namespace fil {
namespace {

struct copied : testing::Test {
    copied() {
        here.page().live = 4900;
        here.page().reports_requested = 3;
    }
    const session here;
    std::vector<std::byte> good = small_recording(), damaged = small_recording();
    static recording_view view(const std::vector<std::byte>& of) { return {of.data(), of.size()}; }
};

TEST_F(copied, the_peak_is_what_is_live_and_who_asked_goes_on) {
    const live_copy copy = copy_live(here, {view(good)});
    EXPECT_EQ(copy.peak, 4900);
    EXPECT_FALSE(copy.in_motion);
    ASSERT_EQ(copy.usage.size(), 1u);
    ASSERT_TRUE(copy.usage[0]);
    EXPECT_EQ(copy.usage[0]->used_bytes(), 4900);
    EXPECT_EQ(here.page().reports_copied, 3u);
    EXPECT_EQ(here.page().held_until, 0) << "nobody is held any more";
}

TEST_F(copied, of_a_damaged_recording_there_is_none_and_of_the_others_all) {
    test::spoil(view(damaged));
    const live_copy copy = copy_live(here, {view(damaged), view(good)});
    ASSERT_EQ(copy.usage.size(), 2u);
    EXPECT_FALSE(copy.usage[0]);
    EXPECT_EQ(copy.usage[1]->used_bytes(), 4900);
}

TEST_F(copied, of_nobody_it_is_nothing) {
    const live_copy copy = copy_live(here, {});
    EXPECT_TRUE(copy.usage.empty());
    EXPECT_EQ(here.page().reports_copied, 3u);
}

}  // namespace
}  // namespace fil
