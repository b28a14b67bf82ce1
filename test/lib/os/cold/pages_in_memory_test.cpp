#include "os/cold/pages_in_memory.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "os/os.hpp"

namespace fil::os {
namespace {

TEST(pages_in_memory, are_the_ones_that_were_touched) {
    const std::size_t page = page_bytes();
    auto* first = static_cast<char*>(map_private(4 * page));
    first[page] = first[3 * page] = 1;
    unsigned char states[5] = {8, 8, 8, 8, 8};
    ASSERT_TRUE(see_pages_in_memory(first, 3 * page + 1, states));
    EXPECT_EQ(states[0] & 1, 0);
    EXPECT_EQ(states[1] & 1, 1);
    EXPECT_EQ(states[2] & 1, 0);
    EXPECT_EQ(states[3] & 1, 1);
    EXPECT_EQ(states[4], 8);
    EXPECT_FALSE(see_pages_in_memory(first + 1, page, states)) << "no page begins there";
    EXPECT_EQ(errno, EINVAL);
    unmap(first, 4 * page);
    EXPECT_FALSE(see_pages_in_memory(first, page, states));
    EXPECT_EQ(errno, ENOMEM);
}

}  // namespace
}  // namespace fil::os
