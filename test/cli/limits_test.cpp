#include "os/limits.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "os/child.hpp"

namespace fil::cli {
namespace {

// In a child: limits are for good.
int status_of(const std::function<void()>& what) {
    int status = 0;
    ::waitpid(start_child(what), &status, 0);
    return status;
}

TEST(limits, of_memory_leave_so_much_beyond_what_we_have) {
    EXPECT_EQ(status_of([] {
                  limit_memory(64 << 20);
                  void* some = std::malloc(32 << 20);
                  void* more = std::malloc(64 << 20);
                  std::_Exit(some != nullptr && more == nullptr ? 0 : 1);
              }),
              0);
}

TEST(limits, of_time_end_a_process_that_ignored_the_alarm) {
    const int status = status_of([] {
        ::signal(SIGALRM, SIG_IGN);
        limit_time(1);
        ::pause();
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}

TEST(limits, are_taken_up_to_what_is_allowed) {
    EXPECT_EQ(status_of([] {
                  const rlimit few{10, 20};
                  ::setrlimit(RLIMIT_NOFILE, &few);
                  const rlimit space{1u << 30, 2u << 30};
                  ::setrlimit(RLIMIT_AS, &space);
                  if (limit_of_address_space() != 1u << 30) std::_Exit(1);
                  take_all_that_is_allowed();
                  rlimit now{};
                  ::getrlimit(RLIMIT_NOFILE, &now);
                  const bool are_raised =
                      now.rlim_cur == 20 && limit_of_address_space() == 2u << 30;
                  std::_Exit(are_raised ? 0 : 2);
              }),
              0);
}

}  // namespace
}  // namespace fil::cli
