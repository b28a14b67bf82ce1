#include "os/cold/process_end.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "checking_child.hpp"
#include "refused_calls.hpp"

namespace fil::os {
namespace {

bool is_readable(int descriptor, int milliseconds) {
    pollfd wanted{descriptor, POLLIN, 0};
    return poll(&wanted, 1, milliseconds) == 1;
}

pid_t started() {
    const pid_t child = fork();
    if (child == 0)
        for (;;) pause();
    return child;
}

TEST(process_end, is_seen_before_and_after_somebody_waited_for_it) {
    EXPECT_FALSE(has_ended(getpid()));
    const pid_t child = started();
    const file_descriptor end = end_of(child);
    ASSERT_GE(end.number(), 0);
    EXPECT_FALSE(has_ended(child));
    EXPECT_FALSE(is_readable(end.number(), 0));
    kill(child, SIGKILL);
    EXPECT_TRUE(is_readable(end.number(), 10'000));
    EXPECT_TRUE(has_ended(child));
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(has_ended(child));
    EXPECT_EQ(end_of(child).number(), -1);
    EXPECT_EQ(errno, ESRCH);
}

// As before Linux 5.3.
TEST(process_end, where_processes_have_no_descriptors_is_known_once_they_are_waited_for) {
    EXPECT_EQ(status_of_child([] {
                  HOLDS(1, test::refuse_call(SYS_pidfd_open, ENOSYS));
                  const pid_t child = started();
                  HOLDS(2, end_of(child).number() == -1 && errno == ENOSYS);
                  HOLDS(3, !has_ended(child));
                  kill(child, SIGKILL);
                  waitpid(child, nullptr, 0);
                  HOLDS(4, has_ended(child));
              }),
              0);
}

}  // namespace
}  // namespace fil::os
