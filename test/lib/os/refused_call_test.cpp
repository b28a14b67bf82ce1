#include "os/refused_call.hpp"

#include <errno.h>
#include <gtest/gtest.h>

namespace fil {
namespace {

TEST(refusal, is_a_call_and_its_errno_in_one_word) {
    const refusal why = make_refusal(SYS_memfd_create, EPERM);
    EXPECT_EQ(call_of(why), SYS_memfd_create);
    EXPECT_EQ(errno_of(why), EPERM);
    EXPECT_NE(why, refusal::none);
}

TEST(refusal, the_last_one_that_was_noted_is_the_reason) {
    note_refusal(SYS_mmap, ENOMEM);
    EXPECT_TRUE(lacked_memory());
    errno = EACCES;
    note_refusal(SYS_socket);
    EXPECT_EQ(errno, EACCES);
    EXPECT_EQ(last_refusal(), make_refusal(SYS_socket, EACCES));
    EXPECT_FALSE(lacked_memory());
}

}  // namespace
}  // namespace fil
