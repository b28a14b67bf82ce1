// The hooks see a filter before it is installed, and only a filter.

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "fake_recorder.hpp"

namespace {

sock_filter allow_all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
const sock_fprog program{1, allow_all};

// The kernel knows no such flag, so nothing is installed in the test's own process.
constexpr unsigned no_flag = 1u << 30;

TEST(sandbox, a_filter_is_seen_and_taken_back_if_the_kernel_does_not_take_it) {
    fake::start();
    EXPECT_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, no_flag, &program), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(fake::names(), "sandbox no-sandbox");
    EXPECT_EQ(fake::find("sandbox").address, allow_all);
    EXPECT_EQ(fake::find("sandbox").bytes, 1u);
}

// Who asks to be told of refused calls is answered with a descriptor. (In a child, which keeps it.)
TEST(sandbox, a_filter_with_a_listener_is_seen) {
    fake::start();
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                      SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
        _exit(listener > 0 && fake::names() == "sandbox" ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(sandbox, who_asks_what_the_kernel_can_installs_nothing) {
    fake::start();
    EXPECT_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr), -1);
    EXPECT_EQ(errno, EFAULT);
    const std::uint32_t action = SECCOMP_RET_ALLOW;
    EXPECT_EQ(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), 0);
    EXPECT_EQ(prctl(PR_GET_SECCOMP), 0);
    EXPECT_EQ(fake::names(), "");
}

TEST(sandbox, other_calls_pass_with_their_arguments_answers_and_errors) {
    EXPECT_EQ(syscall(SYS_getpid), getpid());
    int pipe[2];
    ASSERT_EQ(syscall(SYS_pipe2, pipe, 0), 0);
    EXPECT_EQ(syscall(SYS_write, pipe[1], "text", 4ul), 4);
    char text[4];
    EXPECT_EQ(syscall(SYS_read, pipe[0], text, sizeof text), 4);
    EXPECT_EQ(syscall(SYS_close, pipe[0]) + syscall(SYS_close, pipe[1]), 0);
    EXPECT_EQ(syscall(SYS_close, pipe[0]), -1);
    EXPECT_EQ(errno, EBADF);
    char name[16] = "";
    EXPECT_EQ(prctl(PR_GET_NAME, name), 0);
    EXPECT_STRNE(name, "");
}

}  // namespace
