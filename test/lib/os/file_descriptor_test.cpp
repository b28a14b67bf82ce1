#include "os/file_descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace {

bool is_open(int number) {
    return fcntl(number, F_GETFD) >= 0;
}
fil::file_descriptor opened() {
    return fil::file_descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(file_descriptor, closes_itself_once) {
    int number = -1;
    {
        const fil::file_descriptor file = opened();
        number = file.number();
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(file_descriptor, is_handed_on) {
    fil::file_descriptor one = opened();
    const int number = one.number();
    fil::file_descriptor two = std::move(one);
    EXPECT_EQ(one.number(), -1);
    EXPECT_EQ(two.number(), number);
    {
        fil::file_descriptor three = opened();
        const int other = three.number();
        three = std::move(two);
        EXPECT_EQ(three.number(), number);
        EXPECT_TRUE(is_open(other));  // two has it now
    }
    EXPECT_FALSE(is_open(number));
    const int last = opened().release();
    EXPECT_TRUE(is_open(last));
    close(last);
}

}  // namespace
