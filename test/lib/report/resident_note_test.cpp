// When a report says that resident memory is far above what is counted.

#include "report/resident_note.hpp"

#include <gtest/gtest.h>

#include "symbols/allocator_inside.hpp"

namespace {

using namespace fil;

constexpr std::int64_t mib = 1 << 20;

TEST(resident_note, is_for_much_memory_that_is_more_than_twice_what_is_counted) {
    EXPECT_TRUE(is_far_above(100 * mib, 5 * mib));
    EXPECT_TRUE(is_far_above(50 * mib, 0));
    EXPECT_FALSE(is_far_above(24 * mib, 0)) << "an interpreter, its libraries";
    EXPECT_FALSE(is_far_above(140 * mib, 69 * mib)) << "blocks of 16 bytes";
    EXPECT_FALSE(is_far_above(0, 500 * mib)) << "not sampled";
}

TEST(resident_note, says_how_much_of_what) {
    const std::string text = note_of_resident(100 * mib, 5 * mib, "");
    EXPECT_NE(text.find("100.0 MiB"), std::string::npos) << text;
    EXPECT_NE(text.find("only 5.0 MiB"), std::string::npos) << text;
}

TEST(allocator_inside, is_none_in_a_program_that_uses_the_c_librarys) {
    EXPECT_EQ(allocator_inside("/proc/self/exe"), "");
    EXPECT_EQ(allocator_inside("/nowhere"), "");
    EXPECT_EQ(allocator_inside(FIL_NOT_A_PROGRAM), "");
}

}  // namespace
