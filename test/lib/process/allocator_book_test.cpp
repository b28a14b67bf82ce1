#include "process/allocator_book.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "os/os.hpp"

namespace fil {
namespace {

const char somewhere = 0;

std::map<std::uint64_t, std::uint64_t> grounds_of(std::uint32_t allocator) {
    std::map<std::uint64_t, std::uint64_t> found;
    for (std::uint32_t i = 0; i < allocators_here.grounds_used; ++i) {
        const allocator_book::ground& one = allocators_here.grounds[i];
        if (one.whose == allocator && one.bytes > 0) found[one.address] = one.bytes;
    }
    return found;
}

TEST(allocator_book, ground_that_touches_is_one_and_what_goes_leaves_its_ends) {
    using grounds = std::map<std::uint64_t, std::uint64_t>;
    const std::uint32_t one = note_allocator("one", true), other = note_allocator("other", true);
    ASSERT_EQ(one, 3u) << "the first are the runtime's and malloc's";
    ASSERT_EQ(other, 4u);
    note_ground(one, 0x1000, 0x1000);
    note_ground(one, 0x2000, 0x1000);
    note_ground(other, 0x3000, 0x1000);
    note_ground(one, 0x800, 0x800);
    EXPECT_EQ(grounds_of(one), (grounds{{0x800, 0x2800}}));
    EXPECT_EQ(grounds_of(other), (grounds{{0x3000, 0x1000}}));
    note_ground_went(0x1000, 0x1000);
    EXPECT_EQ(grounds_of(one), (grounds{{0x800, 0x800}, {0x2000, 0x1000}}));
    note_ground_went(0, 0x3800);
    EXPECT_EQ(grounds_of(one), grounds());
    EXPECT_EQ(grounds_of(other), (grounds{{0x3800, 0x800}}));
    note_ground(one, 0x9000, 0x1000);
    EXPECT_EQ(allocators_here.grounds_used, 3u) << "places are used again";
}

TEST(allocator_book, one_that_comes_again_has_its_number_and_there_is_room_for_the_others) {
    const std::string name(100, 'x');
    const std::uint32_t told = note_allocator(name, true), untold = note_allocator(name, false);
    EXPECT_NE(told, untold);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(note_allocator(name, true), told);
    std::uint32_t last = untold;
    for (int i = 0; std::uint32_t next = note_allocator(std::to_string(i), true); ++i) last = next;
    EXPECT_EQ(last, allocator_book::most);
    EXPECT_EQ(note_allocator(name, false), untold);
}

TEST(allocator_book, of_a_forked_child_says_so_and_keeps_the_ground) {
    begin_book(&somewhere, nullptr);
    EXPECT_EQ(allocators_here.pid, os::process_id());
    EXPECT_EQ(allocators_here.registry, reinterpret_cast<std::uintptr_t>(&somewhere));
    EXPECT_EQ(allocators_here.grounds_used, 3u);
}

}  // namespace
}  // namespace fil
