// What happens around exec, spawn, exit and pthread_create.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "environment.hpp"
#include "fake_recorder.hpp"
#include "replaced.hpp"

using fil::preload::real;

namespace {

const char* seen_arguments[8];
char* const* seen_environment;

int failing_execve(const char*, char* const* arguments, char* const* environment) {
    fake::note("real");
    for (int i = 0; i < 7 && (seen_arguments[i] = arguments[i]) != nullptr; ++i) {
    }
    seen_environment = environment;
    errno = E2BIG;
    return -1;
}

char name[] = "sh";
char* const arguments[] = {name, nullptr};

TEST(exec, closes_the_recorder_and_reopens_it_when_it_failed) {
    replaced here(real.execve, &failing_execve);
    fake::start();
    EXPECT_EQ(execve("/bin/sh", arguments, environ), -1);
    EXPECT_EQ(errno, E2BIG);
    EXPECT_EQ(fake::names(), "close real reopen");
}

TEST(exec, of_nothing_is_passed_on) {
    replaced here(real.execve, &failing_execve);
    fake::start();
    execve("/nowhere", arguments, environ);
    EXPECT_EQ(fake::names(), "real");
}

TEST(exec, lists_of_arguments_become_arrays) {
    replaced here(real.execve, &failing_execve);
    execl("/bin/sh", "one", "two", "three", nullptr);
    EXPECT_STREQ(seen_arguments[0], "one");
    EXPECT_STREQ(seen_arguments[2], "three");
    EXPECT_EQ(seen_arguments[3], nullptr);
    EXPECT_EQ(seen_environment, environ);
    char* const own[] = {nullptr};
    execle("/bin/sh", "one", nullptr, own);
    EXPECT_EQ(seen_arguments[1], nullptr);
    EXPECT_EQ(seen_environment, own);
}

TEST(exec, by_name_goes_to_execvpe) {
    replaced here(real.execvpe, &failing_execve);
    fake::start();
    execvp("sh", arguments);
    EXPECT_EQ(fake::names(), "close real reopen");
    fake::start();
    execlp("sh", "one", nullptr);
    EXPECT_EQ(fake::names(), "close real reopen");
    EXPECT_STREQ(seen_arguments[0], "one");
    fake::start();
    execvp("no-such-tool", arguments);
    EXPECT_EQ(fake::names(), "real");
}

TEST(spawn, leaves_the_recorder_open) {
    fake::start();
    pid_t child = 0;
    char* const with[] = {name, const_cast<char*>("-c"), const_cast<char*>("exit 3"), nullptr};
    ASSERT_EQ(posix_spawnp(&child, "sh", nullptr, nullptr, with, environ), 0);
    std::string names = fake::names();
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 3);
    EXPECT_EQ(names, "");
}

TEST(spawn, counts_a_child_that_refuses_us) {
    replaced here(
        real.posix_spawn, +[](pid_t*, const char*, const posix_spawn_file_actions_t*,
                              const posix_spawnattr_t*, char* const*, char* const*) { return 0; });
    fake::start();
    pid_t child = 0;
    posix_spawn(&child, FIL_TEST_STATIC_PROGRAM, nullptr, nullptr, arguments, environ);
    EXPECT_EQ(fake::names(), "unprofiled");
}

// Reaps a child that ended so, by each function that can; what the recorder heard.
template <typename Reap>
std::string heard_of(int signal, Reap reap) {
    fake::start();
    const pid_t child = fork();
    if (child == 0) {
        if (signal != 0) raise(signal);
        real._exit(3);
    }
    EXPECT_EQ(reap(child), child);
    return fake::names();
}

TEST(reaped, a_child_that_a_signal_killed_is_told_of_and_no_other) {
    const auto all = [](int signal) {
        return std::vector{
            heard_of(signal, [](pid_t) { return wait(nullptr); }),
            heard_of(signal, [](pid_t child) { return waitpid(child, nullptr, 0); }),
            heard_of(signal, [](pid_t) { return wait3(nullptr, 0, nullptr); }),
            heard_of(signal, [](pid_t child) { return wait4(child, nullptr, 0, nullptr); }),
            heard_of(signal,
                     [](pid_t child) {
                         siginfo_t about{};
                         waitid(P_PID, static_cast<id_t>(child), &about, WEXITED);
                         return about.si_pid;
                     }),
            heard_of(signal, [](pid_t child) {
                return waitid(P_PID, static_cast<id_t>(child), nullptr, WEXITED) == 0 ? child : -1;
            })};
    };
    EXPECT_EQ(all(SIGKILL), std::vector<std::string>(6, "killed-child"));
    EXPECT_EQ(all(0), std::vector<std::string>(6, ""));
}

TEST(reaped, the_status_is_the_childs) {
    int status = 0;
    heard_of(SIGTERM, [&](pid_t child) { return waitpid(child, &status, 0); });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    heard_of(0, [&](pid_t child) { return waitpid(child, &status, 0); });
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

TEST(reaped, nobody_is_told_of_where_nobody_ended) {
    fake::start();
    siginfo_t about{};
    const pid_t child = fork();
    if (child == 0) pause();
    EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0);
    EXPECT_EQ(waitid(P_PID, static_cast<id_t>(child), &about, WEXITED | WNOHANG), 0);
    EXPECT_EQ(fake::names(), "");
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

TEST(exec, in_a_sandbox_the_program_starts_without_us_and_counts_if_it_starts) {
    fake::allowed = false;
    fake::start();
    char* const arguments[] = {const_cast<char*>("absent"), nullptr};
    EXPECT_EQ(execve("/absent", arguments, environ), -1);
    EXPECT_EQ(fake::names(), "sandboxed close reopen not-sandboxed");
    fake::start();
    pid_t child = 0;
    ASSERT_EQ(posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ), 0);
    waitpid(child, nullptr, 0);
    EXPECT_EQ(fake::names(), "sandboxed");
    fake::allowed = true;
}

TEST(exit, closes_the_recorder_first) {
    for (void (*leave)(int) : std::initializer_list<void (*)(int)>{&_exit, &_Exit, &quick_exit}) {
        EXPECT_EXIT(
            {
                replaced inner(
                    real._exit, +[](int status) {
                        syscall(SYS_exit_group, fake::names() == "close" ? status : 99);
                    });
                replaced outer(real.quick_exit, real._exit);
                fake::start();
                leave(5);
            },
            testing::ExitedWithCode(5), "");
    }
}

TEST(pthread_create, runs_the_start_routine_with_its_argument) {
    for (bool running : {false, true}) {
        fake::running = running;
        pthread_t thread;
        int argument = 0;
        ASSERT_EQ(pthread_create(
                      &thread, nullptr, [](void* a) -> void* { return static_cast<int*>(a) + 1; },
                      &argument),
                  0);
        void* result = nullptr;
        pthread_join(thread, &result);
        EXPECT_EQ(result, &argument + 1);
    }
    fake::running = false;
}

TEST(dlopen, new_objects_are_noticed_at_the_next_uncommon_event) {
    fake::running = true;
    fake::start();
    void* library = dlopen("libm.so.6", RTLD_NOW);
    EXPECT_EQ(fake::names().find("objects-added"), std::string::npos);
    fake::start();
    void* range = mmap(nullptr, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_EQ(fake::names(), "objects-added map-reserved");
    fake::start();
    munmap(range, 1);
    mmap(nullptr, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_EQ(fake::names().find("objects-added"), std::string::npos);
    fake::running = false;
    fake::start();
    dlclose(library);
    EXPECT_EQ(fake::names(), "unloaded");
    replaced here(
        real.dlclose, +[](void*) { return -1; });
    fake::start();
    EXPECT_EQ(dlclose(library), -1);
    EXPECT_EQ(fake::names(), "");
}

TEST(dlerror, does_not_show_what_we_looked_up) {
    EXPECT_EQ(dlerror(), nullptr);
}

// Last: from here on this process has a session.
TEST(started_programs, count_if_they_will_join) {
    fil::preload::remember_for_children("a-session", "/bin/true");
    const int before = fake::programs_started;
    replaced here(
        real.posix_spawn,
        +[](pid_t*, const char* path, const posix_spawn_file_actions_t*, const posix_spawnattr_t*,
            char* const*, char* const*) { return std::strcmp(path, "/bin/sh") == 0 ? 0 : ENOENT; });
    pid_t child = 0;
    char* const ours[] = {nullptr};
    char other[] = "FIL_SESSION=another";
    char* const foreign[] = {other, nullptr};
    posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, ours);
    EXPECT_EQ(fake::programs_started, before + 1);
    posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, foreign);  // as fil-profile does
    posix_spawn(&child, "/bin/cat", nullptr, nullptr, arguments, ours);
    replaced too(real.execve, &failing_execve);
    EXPECT_EQ(execve("/bin/sh", arguments, ours), -1);
    EXPECT_EQ(fake::programs_started, before + 1);
}

}  // namespace
