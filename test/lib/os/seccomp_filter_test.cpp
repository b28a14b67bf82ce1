// What a filter says, against filters of the shapes that libraries make.

#include "os/seccomp_filter.hpp"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstddef>
#include <vector>

namespace {

using fil::filter_allows;
using fil::system_call;

constexpr std::uint64_t any = system_call::unknown;

sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter is(std::uint32_t value, std::uint8_t otherwise) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, otherwise);
}
sock_filter answer(std::uint32_t action) {
    return BPF_STMT(BPF_RET | BPF_K, action);
}
constexpr std::size_t number = offsetof(seccomp_data, nr);
constexpr std::size_t argument(int which) {
    return offsetof(seccomp_data, args) + 8 * static_cast<std::size_t>(which);
}

TEST(seccomp_filter, allows_what_is_in_its_list) {
    const std::vector<sock_filter> filter{load(offsetof(seccomp_data, arch)),
                                          is(AUDIT_ARCH_X86_64, 3),
                                          load(number),
                                          is(SYS_read, 1),
                                          answer(SECCOMP_RET_ALLOW),
                                          answer(SECCOMP_RET_KILL_PROCESS)};
    EXPECT_TRUE(filter_allows(filter, {SYS_read, {}}));
    EXPECT_FALSE(filter_allows(filter, {SYS_socket, {}}));
}

TEST(seccomp_filter, only_a_plain_answer_is_an_allowance) {
    for (const std::uint32_t action :
         {SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO | 1u, SECCOMP_RET_TRACE,
          SECCOMP_RET_LOG, SECCOMP_RET_USER_NOTIF}) {
        const std::vector<sock_filter> filter{answer(action)};
        EXPECT_FALSE(filter_allows(filter, {SYS_read, {}})) << action;
    }
    const std::vector<sock_filter> with_data{answer(SECCOMP_RET_ALLOW | 5u)};
    EXPECT_TRUE(filter_allows(with_data, {SYS_read, {}}));
}

TEST(seccomp_filter, looks_at_both_halves_of_an_argument) {
    const std::vector<sock_filter> filter{load(argument(2) + 4),     is(1, 3),
                                          load(argument(2)),         is(7, 1),
                                          answer(SECCOMP_RET_ALLOW), answer(SECCOMP_RET_TRAP)};
    EXPECT_TRUE(filter_allows(filter, {SYS_madvise, {0, 0, (1ull << 32) + 7}}));
    EXPECT_FALSE(filter_allows(filter, {SYS_madvise, {0, 0, 7}}));
}

TEST(seccomp_filter, what_depends_on_an_unknown_value_is_refused) {
    const std::vector<sock_filter> filter{load(argument(1)),
                                          BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff), is(0, 1),
                                          answer(SECCOMP_RET_ALLOW), answer(SECCOMP_RET_TRAP)};
    EXPECT_TRUE(filter_allows(filter, {SYS_munmap, {0, 4096}}));
    EXPECT_FALSE(filter_allows(filter, {SYS_munmap, {0, any}}));
    const std::vector<sock_filter> by_caller{load(offsetof(seccomp_data, instruction_pointer)),
                                             is(0, 0), answer(SECCOMP_RET_ALLOW)};
    EXPECT_FALSE(filter_allows(by_caller, {SYS_munmap, {0, 4096}}));
}

TEST(seccomp_filter, calculates_remembers_and_jumps) {
    const std::vector<sock_filter> filter{
        load(number),
        BPF_STMT(BPF_ST, 3),
        BPF_STMT(BPF_LD | BPF_IMM, 40),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_MEM, 3),
        BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 1),
        BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
        answer(SECCOMP_RET_TRAP),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 2, 0, 1),
        answer(SECCOMP_RET_ALLOW),
        answer(SECCOMP_RET_TRAP),
    };
    EXPECT_TRUE(filter_allows(filter, {41, {}}));
    EXPECT_FALSE(filter_allows(filter, {40, {}}));
}

TEST(seccomp_filter, one_without_an_answer_refuses) {
    EXPECT_FALSE(filter_allows({}, {SYS_read, {}}));
    const std::vector<sock_filter> leaves{BPF_JUMP(BPF_JMP | BPF_JA, 1u << 31, 0, 0)};
    EXPECT_FALSE(filter_allows(leaves, {SYS_read, {}}));
}

}  // namespace
