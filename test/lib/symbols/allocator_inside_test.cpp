// This program has functions of two allocators, by name.

#include "symbols/allocator_inside.hpp"

#include <gtest/gtest.h>

extern "C" {
[[gnu::used]] void* rpmalloc(unsigned long) {
    return nullptr;
}
[[gnu::used]] void* mi_malloc(unsigned long) {
    return nullptr;
}
}

namespace {

using fil::allocator_inside;

TEST(allocator_inside, is_known_by_its_functions_and_the_most_telling_one_counts) {
    EXPECT_EQ(allocator_inside("/proc/self/exe"), "mimalloc");
}

TEST(allocator_inside, a_program_that_takes_malloc_from_elsewhere_has_none) {
    EXPECT_EQ(allocator_inside("/bin/true"), "");
}

TEST(allocator_inside, a_library_with_malloc_in_it_has_one_of_its_own) {
    EXPECT_EQ(allocator_inside("/lib/x86_64-linux-gnu/libc.so.6"), "a malloc of its own");
}

TEST(allocator_inside, of_what_is_no_program_nothing_is_said) {
    EXPECT_EQ(allocator_inside(FIL_NOT_A_PROGRAM), "");
    EXPECT_EQ(allocator_inside("/nowhere"), "");
    EXPECT_EQ(allocator_inside("/tmp"), "");
    EXPECT_EQ(allocator_inside("/dev/null"), "");
}

}  // namespace
