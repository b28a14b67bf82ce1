// What of our own calls a program's filter refuses, by what we can do without.

#include "os/sandbox.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <cstddef>
#include <vector>

namespace fil::sandbox {
namespace {

// Allows all calls but one.
std::vector<sock_filter> all_but(long call) {
    return {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
}

TEST(sandbox, one_that_allows_our_calls_takes_nothing_away) {
    EXPECT_EQ(refused_by(all_but(SYS_ptrace)), 0u);
}

TEST(sandbox, a_refused_call_takes_away_what_it_is_for_and_a_new_process) {
    EXPECT_EQ(refused_by(all_but(SYS_munmap)), of_giving_back | of_starting);
    EXPECT_EQ(refused_by(all_but(SYS_mincore)), of_residence | of_starting);
    EXPECT_EQ(refused_by(all_but(SYS_nanosleep)), of_waiting | of_ending | of_starting);
    EXPECT_EQ(refused_by(all_but(SYS_socket)), of_starting);
}

TEST(sandbox, strict_mode_is_no_filter_and_refuses_all) {
    EXPECT_EQ(refused_by({}), all);
}

TEST(sandbox, what_is_refused_is_not_allowed_alone_or_with_others) {
    EXPECT_FALSE(is_on());
    EXPECT_TRUE(allows(all));
    refused = of_memory | of_starting;
    EXPECT_TRUE(is_on());
    EXPECT_FALSE(allows(of_memory));
    EXPECT_FALSE(allows(of_memory | of_waiting));
    EXPECT_TRUE(allows(of_waiting));
    refused = 0;
}

}  // namespace
}  // namespace fil::sandbox
