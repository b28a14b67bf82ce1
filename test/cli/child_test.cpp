#include "os/child.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "os/pipe.hpp"
#include "os/process.hpp"
#include "os/variables.hpp"

namespace fil::cli {
namespace {

int exit_status_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(child, ends_when_it_has_done_its_part) {
    EXPECT_EQ(exit_status_of(start_child([] {})), 0);
}

TEST(child, that_throws_ends_and_goes_up_no_stack_of_its_parents) {
    EXPECT_EQ(exit_status_of(start_child([] { throw std::runtime_error("so"); })), 1);
}

TEST(child, dies_with_its_parent) {
    pipe_ends told = new_pipe();
    const pid_t parent = start_child([&] {
        write_value(told.write, start_child([] { ::pause(); }));
        ::pause();
    });
    const auto child = read_value<pid_t>(told.read);
    ASSERT_TRUE(child);
    const descriptor process = open_pid(*child);
    EXPECT_FALSE(has_ended(process));
    ::kill(parent, SIGKILL);
    wait_for_end(parent);
    while (!has_ended(process) && !is_gone(*child)) ::usleep(1000);
}

TEST(orphan, is_in_a_session_of_its_own_and_nobodys_child) {
    pipe_ends told = new_pipe();
    ASSERT_TRUE(start_orphan([&] { write_value(told.write, ::getsid(0) == ::getpid()); }));
    EXPECT_EQ(read_value<bool>(told.read), true);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST(started_program, says_why_exec_failed_and_leaves_no_child) {
    const environment variables = current_environment();
    const std::string path = "/no/such/program";
    EXPECT_EQ(start_program({path, {path}, variables}, [] {}).why, ENOENT);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(become({path, {path}, variables}), ENOENT);
}

TEST(process, is_stopped_while_it_is_and_gone_once_waited_for) {
    const pid_t child = start_child([] { ::pause(); });
    EXPECT_FALSE(is_stopped(child));
    ::kill(child, SIGSTOP);
    while (!is_stopped(child)) ::usleep(1000);
    ::kill(child, SIGKILL);
    wait_for_end(child);
    EXPECT_TRUE(is_gone(child));
    EXPECT_FALSE(open_pid(child));
}

TEST(process, is_in_our_group_until_it_leaves_it) {
    EXPECT_EQ(group_of(own_pid()), group::ours);
    pipe_ends told = new_pipe();
    const pid_t child = start_child([&] {
        leave_our_group();
        write_value(told.write, true);
        ::pause();
    });
    ASSERT_TRUE(read_value<bool>(told.read));
    EXPECT_EQ(group_of(child), group::another);
    ::kill(child, SIGKILL);
    wait_for_end(child);
    EXPECT_EQ(group_of(child), group::unknown);
}

TEST(pipe, says_nothing_when_the_other_end_is_closed) {
    pipe_ends ends = new_pipe();
    ends.write.close();
    EXPECT_FALSE(read_value<int>(ends.read));
}

}  // namespace
}  // namespace fil::cli
