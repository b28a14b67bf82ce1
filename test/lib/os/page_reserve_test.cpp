// What is taken stays, and the rest can go.

#include "os/page_reserve.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "locked_pages.hpp"
#include "os/os.hpp"

namespace {

constexpr std::size_t page = 4096;

struct page_reserve : testing::Test {
    page_reserve() {
        reserve.fill(fil::os::map_reserve(16 * page, true), 16 * page);
        first = static_cast<char*>(reserve.take(1));
    }
    ~page_reserve() override { fil::os::unmap(first, 16 * page); }

    static bool is_mapped(void* at) {
        unsigned char resident;
        return mincore(at, page, &resident) == 0;
    }

    fil::page_reserve reserve;
    char* first = nullptr;
};

TEST_F(page_reserve, hands_out_whole_zeroed_pages_until_it_is_used_up) {
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(reserve.take(2 * page), first + page);
    EXPECT_EQ(first[page], 0);
    std::memset(first, 1, 3 * page);
    EXPECT_EQ(reserve.take(14 * page), nullptr);
    EXPECT_EQ(reserve.take(13 * page), first + 3 * page);
    EXPECT_EQ(reserve.take(1), nullptr);
}

TEST_F(page_reserve, gives_back_all_but_what_was_taken) {
    reserve.shrink(4 * page);
    EXPECT_TRUE(is_mapped(first + 3 * page));
    EXPECT_FALSE(is_mapped(first + 4 * page));
    EXPECT_EQ(reserve.take(3 * page), first + page);
    EXPECT_EQ(reserve.take(1), nullptr);
    reserve.shrink(0);
    first[3 * page] = 1;
}

TEST_F(page_reserve, is_out_of_reach_while_it_is_folded) {
    reserve.fold();
    EXPECT_EQ(reserve.take(1), nullptr);
    EXPECT_EQ(fil::test::lock_pages(first + page, page), -1) << "it could be made resident";
    first[0] = 1;
    reserve.unfold();
    EXPECT_EQ(reserve.take(1), first + page);
    first[page] = 1;
}

TEST(page_reserve_without_memory, has_nothing) {
    fil::page_reserve reserve;
    EXPECT_FALSE(reserve.is_there());
    EXPECT_EQ(reserve.take(1), nullptr);
    reserve.shrink(0);
    reserve.fold();
    reserve.unfold();
    EXPECT_EQ(reserve.take(1), nullptr);
}

}  // namespace
