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

TEST(resident_note, names_an_allocator_and_who_chose_it) {
    const std::string one = note_of_allocator_inside("libx.so: jemalloc 5.1.0", 0),
                      arrows = note_of_allocator_inside("libarrow.so.2600: mimalloc", 3 * mib);
    EXPECT_TRUE(one.starts_with("libx.so has jemalloc 5.1.0 inside, ")) << one;
    EXPECT_EQ(one.find("ARROW"), one.npos);
    EXPECT_TRUE(one.ends_with("where it takes it.")) << one;
    EXPECT_NE(arrows.find("where it takes it; 3.0 MiB of that were resident at the peak."),
              arrows.npos);
    EXPECT_NE(arrows.find("ARROW_DEFAULT_MEMORY_POOL"), arrows.npos) << arrows;
}

TEST(allocator_inside, is_none_in_a_program_that_uses_the_c_librarys) {
    EXPECT_EQ(allocator_inside("/proc/self/exe"), "");
    EXPECT_EQ(allocator_inside("/nowhere"), "");
    EXPECT_EQ(allocator_inside(FIL_NOT_A_PROGRAM), "");
}

}  // namespace
