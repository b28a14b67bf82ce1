#include "supervise/supervise.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <new>
#include <stdexcept>

#include "fake_session.hpp"

namespace fil::cli {
namespace {

TEST(supervise, ends_with_the_program_and_knows_how) {
    const signal_inbox signals;
    test::fake_session session;
    const target what{"/bin/sh", {"sh", "-c", "exit 7"}, {}, {}};
    const program child = launch(what, {}, signals);
    session.processes = {{child.pid}};
    const observation seen = supervise(child, session.handle(), signals);
    EXPECT_EQ(seen.end.kind, FIL_ENDING_EXIT);
    EXPECT_EQ(seen.end.value, 7);
    EXPECT_GT(seen.seconds, 0);
    EXPECT_TRUE(seen.memory.program_joined());
    EXPECT_EQ(session.ended.front(), child.pid);
    signals.restore_inherited();
}

TEST(supervise, passes_on_what_somebody_sent) {
    const signal_inbox signals;
    test::fake_session session;
    const program child = launch({"/bin/sleep", {"sleep", "100"}, {}, {}}, {}, signals);
    const pid_t supervisor = ::getpid();
    const pid_t somebody = ::fork();
    if (somebody == 0) {
        ::kill(supervisor, SIGTERM);
        ::_exit(0);
    }
    const observation seen = supervise(child, session.handle(), signals);
    ::waitpid(somebody, nullptr, 0);
    EXPECT_EQ(seen.end.kind, FIL_ENDING_SIGNAL);
    EXPECT_EQ(seen.end.value, SIGTERM);
    signals.restore_inherited();
}

// sleep has no action for SIGUSR2: told of it, it would die.
TEST(supervise, hears_of_sigusr2_and_does_not_pass_it_on) {
    const signal_inbox signals;
    test::fake_session session;
    const program child = launch({"/bin/sleep", {"sleep", "0.3"}, {}, {}}, {}, signals);
    const pid_t supervisor = ::getpid();
    const pid_t somebody = ::fork();
    if (somebody == 0) {
        ::kill(supervisor, SIGUSR2);
        ::_exit(0);
    }
    int heard = 0;
    const observation seen =
        supervise(child, session.handle(), signals, {{}, [&](const observation&) { ++heard; }});
    ::waitpid(somebody, nullptr, 0);
    EXPECT_EQ(heard, 1);
    EXPECT_EQ(seen.end.kind, FIL_ENDING_EXIT);
    signals.restore_inherited();
}

TEST(supervise, is_not_ended_by_what_goes_wrong_in_it) {
    const signal_inbox signals;
    test::fake_session session;
    const program child =
        launch({"/bin/sh", {"sh", "-c", "sleep 0.1; exit 7"}, {}, {}}, {}, signals);
    int looks = 0;
    const auto fails = [&](const observation&) -> int {
        if (++looks % 2 == 0) throw std::bad_alloc();
        throw std::runtime_error("no");
    };
    testing::internal::CaptureStderr();
    const observation seen = supervise(child, session.handle(), signals, {fails, {}});
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(seen.end.kind, FIL_ENDING_EXIT);
    EXPECT_EQ(seen.end.value, 7);
    EXPECT_GT(looks, 1);
    EXPECT_EQ(said,
              "=fil-profile= WARNING: fil-profile could not look after the program as it should: "
              "no.\n");
    signals.restore_inherited();
}

TEST(supervise, remembers_what_ran_while_nobody_joined) {
    const signal_inbox signals;
    test::fake_session session;
    const program child = launch({"/bin/sleep", {"sleep", "0.05"}, {}, {}}, {}, signals);
    EXPECT_NE(supervise(child, session.handle(), signals).last_image.find("/sleep"),
              std::string::npos);
    signals.restore_inherited();
}

}  // namespace
}  // namespace fil::cli
