#include "session/refusal_text.hpp"

#include <errno.h>
#include <gtest/gtest.h>

namespace fil {
namespace {

TEST(refusal_text, names_the_call_and_the_reason) {
    EXPECT_EQ(text_of(make_refusal(SYS_memfd_create, EPERM)),
              "the system refused memfd_create: Operation not permitted");
    EXPECT_EQ(text_of(make_refusal(SYS_connect, ECONNREFUSED)),
              "the system refused connect: Connection refused");
    EXPECT_EQ(text_of(make_refusal(0, EAGAIN)),
              "the system refused pthread_key_create: Resource temporarily unavailable");
}

// As Chromium leaves its renderers: their root is the folder in /proc of a process that is gone.
TEST(refusal_text, of_a_socket_out_of_sight_says_where_that_happens) {
    for (const int error : {ESRCH, ENOENT, ENOTDIR}) {
        const std::string text = text_of(make_refusal(SYS_connect, error));
        EXPECT_TRUE(text.starts_with("fil-profile's socket is out of sight")) << text;
    }
    const std::string text = text_of(make_refusal(SYS_connect, ESRCH));
    EXPECT_TRUE(text.ends_with("(connect: No such process)")) << text;
    EXPECT_FALSE(text_of(make_refusal(SYS_openat, ENOENT)).starts_with("fil-profile's"));
}

}  // namespace
}  // namespace fil
