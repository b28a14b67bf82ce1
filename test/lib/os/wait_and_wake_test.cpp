#include "os/wait_and_wake.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

namespace fil::os {
namespace {

constexpr std::int64_t second = 1'000'000'000;

TEST(waiting, a_word_that_is_another_already_is_not_waited_for) {
    std::atomic<std::uint32_t> word{1};
    wait_while(word, 0, 3600 * second);
    wait_while(word, 1, 1'000'000);  // that has an end
}

TEST(waiting, who_waits_is_woken) {
    std::atomic<std::uint32_t> word{0};
    std::thread waits([&] {
        while (word.load() == 0) wait_while(word, 0, 3600 * second);
    });
    sleep_for(1'000'000);
    word.store(1);
    wake_all(word);
    waits.join();
}

TEST(waiting, a_process_that_was_waited_for_is_gone) {
    EXPECT_FALSE(is_gone(getpid()));
    const pid_t child = fork();
    if (child == 0) exit_at_once(7);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 7);
    EXPECT_TRUE(is_gone(child));
}

TEST(waiting, streams_are_written_out_and_a_lock_that_is_held_ends_the_process) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        FILE* stream = fdopen(ends[1], "w");
        std::fputs("kept back", stream);
        flush_streams_or_exit(60, 53);
        std::thread([=] { flockfile(stream); }).join();
        flush_streams_or_exit(1, 53);
        exit_at_once(0);
    }
    close(ends[1]);
    char text[16] = {};
    EXPECT_EQ(read(ends[0], text, sizeof text), 9);
    EXPECT_STREQ(text, "kept back");
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 53);
}

}  // namespace
}  // namespace fil::os
