#include "os/attached_message.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "checking_child.hpp"
#include "os/file_descriptor.hpp"

namespace fil::os {
namespace {

struct attached : testing::Test {
    attached() {
        int both[2] = {-1, -1};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, both), 0);
        here = file_descriptor(both[0]);
        there = file_descriptor(both[1]);
    }
    // The number of what came with it.
    int received() {
        attached_message message(text, sizeof text, -1);
        bytes = recvmsg(there.number(), message.header(), MSG_CMSG_CLOEXEC);
        return message.received_descriptor();
    }
    static bool is_null_device(int descriptor) {
        char byte;
        return read(descriptor, &byte, 1) == 0;
    }

    file_descriptor here, there;
    file_descriptor null{open("/dev/null", O_RDONLY | O_CLOEXEC)};
    char text[8] = {};
    ssize_t bytes = -1;
};

TEST_F(attached, a_descriptor_arrives_with_its_message) {
    char said[] = "text";
    attached_message message(said, 4, null.number());
    ASSERT_EQ(sendmsg(here.number(), message.header(), 0), 4);
    const file_descriptor came(received());
    EXPECT_EQ(bytes, 4);
    EXPECT_STREQ(text, "text");
    EXPECT_NE(came.number(), null.number());
    EXPECT_TRUE(is_null_device(came.number()));
}

TEST_F(attached, nothing_arrives_where_nothing_was) {
    char said[] = "text";
    attached_message message(said, 4, -1);
    message.attach_nothing();
    ASSERT_EQ(sendmsg(here.number(), message.header(), 0), 4);
    EXPECT_EQ(received(), -1);
    EXPECT_EQ(bytes, 4);
}

// A stranger may send more; what has no room must not stay open.
TEST_F(attached, of_two_one_arrives_and_the_other_is_closed) {
    const int both[2] = {null.number(), null.number()};
    iovec part{text, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof both)] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = CMSG_LEN(sizeof both);
    *CMSG_FIRSTHDR(&header) = {CMSG_LEN(sizeof both), SOL_SOCKET, SCM_RIGHTS};
    std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), both, sizeof both);
    ASSERT_EQ(sendmsg(here.number(), &header, 0), 1);
    const file_descriptor next(fcntl(null.number(), F_DUPFD_CLOEXEC, 0));
    const file_descriptor came(received());
    EXPECT_TRUE(is_null_device(came.number()));
    EXPECT_EQ(fcntl(came.number() + 1, F_GETFD), -1);
}

TEST_F(attached, none_arrives_where_no_number_is_left) {
    char said[] = "text";
    attached_message message(said, 4, null.number());
    ASSERT_EQ(sendmsg(here.number(), message.header(), 0), 4);
    EXPECT_EQ(status_of_child([&] {
                  const rlimit none{0, 0};
                  HOLDS(1, setrlimit(RLIMIT_NOFILE, &none) == 0);
                  HOLDS(2, received() == -1);
                  HOLDS(3, bytes == 4);
              }),
              0);
}

}  // namespace
}  // namespace fil::os
