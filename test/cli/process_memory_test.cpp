#include "sample/process_memory.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstring>
#include <string>

namespace fil::cli {
namespace {

TEST(process_memory, statm_is_read_in_bytes) {
    EXPECT_EQ(parse_statm("2000 300 200 1 0 400 0\n", 4096), 300 * 4096);
    EXPECT_EQ(parse_statm("0 0 0 0 0 0 0\n", 4096), std::nullopt);
    EXPECT_EQ(parse_statm("", 4096), std::nullopt);
}

TEST(process_memory, the_start_of_the_stack_is_found_behind_any_name) {
    std::string text = "7 (a ) 1 b) S";
    for (int field = 4; field <= 30; ++field) text += " " + std::to_string(field * 100);
    EXPECT_EQ(parse_start_of_stack(text), 2800u);
    EXPECT_EQ(parse_start_of_stack("7 (a) S 1 2"), 0u);
    EXPECT_EQ(parse_start_of_stack(""), 0u);
}

TEST(process_memory, status_is_read_in_bytes) {
    const auto parts = parse_status(
        "Name:\tRssAnon: 9 kB\nVmRSS:\t  60 kB\nRssAnon:\t  10 kB\nRssFile:\t  20 kB\nRssShmem:\t  "
        "30 kB\n");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->anonymous, 10 * 1024);
    EXPECT_EQ(parts->file, 20 * 1024);
    EXPECT_EQ(parts->shared, 30 * 1024);
    EXPECT_EQ(parts->total(), 60 * 1024);
    EXPECT_EQ(parse_status("Name:\ta zombie\nState:\tZ\n"), std::nullopt);
}

TEST(process_memory, of_this_process_follows_what_it_touches) {
    const process_memory memory(::getpid(), true);
    const std::int64_t bytes = 64 << 20;
    const auto before = memory.parts();
    const auto resident_before = memory.resident();
    void* block =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(block, 1, bytes);
    const auto after = memory.parts();
    const auto resident_after = memory.resident();
    ::munmap(block, bytes);
    ASSERT_TRUE(before && after && resident_before && resident_after);
    EXPECT_NEAR(static_cast<double>(after->anonymous - before->anonymous), bytes, 4 << 20);
    EXPECT_NEAR(static_cast<double>(*resident_after - *resident_before), bytes, 4 << 20);
    EXPECT_FALSE(memory.has_ended());
}

TEST(process_memory, of_a_process_that_ended_is_unknown) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    const process_memory memory(child, true);
    EXPECT_TRUE(memory.resident());
    EXPECT_FALSE(memory.has_ended());
    ::kill(child, SIGKILL);
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    EXPECT_FALSE(memory.resident());
    EXPECT_FALSE(memory.parts());
    EXPECT_TRUE(memory.has_ended());  // not waited for yet
    ::waitpid(child, nullptr, 0);
    EXPECT_FALSE(memory.resident());
    EXPECT_TRUE(memory.has_ended());
}

void* sleep_on(void*) {
    ::pause();
    return nullptr;
}

TEST(process_memory, a_process_whose_first_thread_is_gone_has_not_ended) {
    const pid_t child = ::fork();
    if (child == 0) {
        pthread_t thread;
        pthread_create(&thread, nullptr, sleep_on, nullptr);
        ::syscall(SYS_exit, 0);  // this thread only
    }
    const process_memory memory(child, true);
    for (int i = 0; i < 1000 && memory.resident(); ++i) ::usleep(1000);
    EXPECT_FALSE(memory.resident());
    EXPECT_FALSE(memory.has_ended());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(memory.has_ended());
}

}  // namespace
}  // namespace fil::cli
