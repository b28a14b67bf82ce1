#include "os/cold/watch_list.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>

#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"

namespace fil::os {
namespace {

struct watched : testing::Test {
    bool is_readable() const {
        pollfd wanted{list.descriptor(), POLLIN, 0};
        return poll(&wanted, 1, 0) == 1;
    }
    static void send(const file_descriptor& to) { ASSERT_TRUE(send_at_once(to.number(), "x", 1)); }

    const watch_list list;
    std::array<file_descriptor, 2> one = make_connection(), two = make_connection();
};

TEST_F(watched, whoever_is_readable_is_told_of_one_by_one) {
    ASSERT_TRUE(list.is_there());
    ASSERT_TRUE(list.add(one[0].number()) && list.add(two[0].number()));
    EXPECT_EQ(list.ready(), -1);
    EXPECT_FALSE(is_readable());
    send(two[1]);
    EXPECT_TRUE(is_readable());
    EXPECT_EQ(list.ready(), two[0].number());
    EXPECT_EQ(list.ready(), two[0].number()) << "until it is read";
    char byte;
    receive_at_once(two[0].number(), &byte, 1);
    EXPECT_EQ(list.ready(), -1);
}

TEST_F(watched, who_is_removed_or_closed_is_off_the_list) {
    ASSERT_TRUE(list.add(one[0].number()) && list.add(two[0].number()));
    send(one[1]);
    send(two[1]);
    list.remove(one[0].number());
    EXPECT_EQ(list.ready(), two[0].number());
    two[0] = file_descriptor();
    EXPECT_EQ(list.ready(), -1);
    list.remove(one[0].number());  // is not there any more
    EXPECT_TRUE(list.add(one[0].number()));
    EXPECT_EQ(list.ready(), one[0].number());
}

TEST_F(watched, what_cannot_be_waited_for_is_refused) {
    EXPECT_FALSE(list.add(-1));
    EXPECT_EQ(errno, EBADF);
    EXPECT_FALSE(list.add(open_to_read("/proc/self/exe").number()));
    EXPECT_EQ(errno, EPERM);
}

}  // namespace
}  // namespace fil::os
