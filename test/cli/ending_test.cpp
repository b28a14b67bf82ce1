#include "os/ending.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

class ending_test : public test::in_temporary_directory {
  protected:
    // How a child ends that ends like `other`; its signals were blocked and ignored before.
    static int status_of_one_like(const ending& other) {
        const pid_t child = ::fork();
        if (child == 0) {
            const rlimit large{RLIM_INFINITY, RLIM_INFINITY};
            ::setrlimit(RLIMIT_CORE, &large);
            sigset_t all;
            sigfillset(&all);
            sigprocmask(SIG_BLOCK, &all, nullptr);
            ::signal(SIGTERM, SIG_IGN);
            end_like(other);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    }
    static ending wait_for(pid_t child) {
        for (;;) {
            if (const auto end = take_ending(child)) return *end;
            ::usleep(1000);
        }
    }
};

TEST_F(ending_test, an_exit_status_is_repeated) {
    for (int value : {0, 1, 2, 53, 255}) {
        const int status = status_of_one_like({FIL_ENDING_EXIT, value});
        ASSERT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), value);
    }
}

TEST_F(ending_test, a_death_by_signal_is_repeated_without_a_core) {
    for (int number : {SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGINT, SIGPIPE}) {
        const int status = status_of_one_like({FIL_ENDING_SIGNAL, number});
        ASSERT_TRUE(WIFSIGNALED(status)) << number;
        EXPECT_EQ(WTERMSIG(status), number);
        EXPECT_FALSE(WCOREDUMP(status)) << number;
    }
    EXPECT_TRUE(std::filesystem::is_empty("."));
}

TEST_F(ending_test, is_taken_once_and_without_waiting) {
    int gate[2];
    ASSERT_EQ(::pipe(gate), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        char byte;
        [[maybe_unused]] const auto size = ::read(gate[0], &byte, 1);
        ::_exit(7);
    }
    EXPECT_FALSE(take_ending(child));
    EXPECT_EQ(::write(gate[1], "x", 1), 1);
    const ending end = wait_for(child);
    EXPECT_EQ(end.kind, FIL_ENDING_EXIT);
    EXPECT_EQ(end.value, 7);
    ::close(gate[0]);
    ::close(gate[1]);

    const pid_t killed = ::fork();
    if (killed == 0) {
        ::raise(SIGKILL);
        ::_exit(0);
    }
    const ending death = wait_for(killed);
    EXPECT_EQ(death.kind, FIL_ENDING_SIGNAL);
    EXPECT_EQ(death.value, SIGKILL);
}

}  // namespace
}  // namespace fil::cli
