#include "os/signals.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace fil::cli {
namespace {

constexpr pid_t self = 100, somebody = 200;

signalfd_siginfo arrived(int number, int code, pid_t sender) {
    signalfd_siginfo signal{};
    signal.ssi_signo = static_cast<std::uint32_t>(number);
    signal.ssi_code = code;
    signal.ssi_pid = static_cast<std::uint32_t>(sender);
    return signal;
}

TEST(signals, somebody_sent_are_for_the_program) {
    for (int code : {SI_USER, SI_QUEUE, SI_TKILL})
        for (int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR2, SIGSEGV})
            EXPECT_TRUE(is_for_program(arrived(number, code, somebody), self, false));
    EXPECT_TRUE(
        is_for_program(arrived(SIGTERM, SI_USER, 0), self, false));  // another pid namespace
}

TEST(signals, the_terminal_sent_are_not) {
    for (int number : {SIGINT, SIGQUIT, SIGWINCH})
        EXPECT_FALSE(is_for_program(arrived(number, SI_KERNEL, 0), self, false));
}

TEST(signals, our_own_and_the_programs_own_are_not) {
    EXPECT_FALSE(is_for_program(arrived(SIGPIPE, SI_USER, self), self, false));
    EXPECT_FALSE(is_for_program(arrived(SIGTERM, SI_USER, somebody), self, true));
}

TEST(signals, an_alarm_set_before_exec_and_the_end_of_a_terminal_are) {
    EXPECT_TRUE(is_for_program(arrived(SIGALRM, SI_KERNEL, 0), self, false));
    EXPECT_TRUE(is_for_program(arrived(SIGHUP, SI_KERNEL, 0), self, false));
    EXPECT_TRUE(is_for_program(arrived(SIGCONT, SI_KERNEL, 0), self, false));
}

// In a child, which may change its signals: what the inbox does, and how it is undone.
template <class Body>
void in_a_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body() ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST(signal_inbox, holds_signals) {
    in_a_child([] {
        const signal_inbox inbox;
        for (int number : {SIGTERM, SIGRTMIN + 1, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT}) {
            signalfd_siginfo got{};
            ::kill(::getpid(), number);
            if (!inbox.take(got) || got.ssi_signo != static_cast<std::uint32_t>(number))
                return false;
        }
        signalfd_siginfo none;
        return !inbox.take(none);
    });
}

TEST(signal_inbox, lets_those_of_job_control_be_where_that_is_asked_for) {
    in_a_child([] {
        const signal_inbox inbox;
        signalfd_siginfo got;
        {
            const job_control_let_be meanwhile;
            ::kill(::getpid(), SIGCONT);
            ::kill(::getpid(), SIGTERM);
            if (!inbox.take(got) || got.ssi_signo != SIGTERM || inbox.take(got)) return false;
        }
        ::kill(::getpid(), SIGCONT);
        return inbox.take(got) && got.ssi_signo == SIGCONT;
    });
}

TEST(signal_inbox, restores_what_was_inherited) {
    in_a_child([] {
        sigset_t before, after;
        sigemptyset(&before);
        sigaddset(&before, SIGUSR1);
        sigprocmask(SIG_SETMASK, &before, nullptr);
        ::signal(SIGCHLD, SIG_IGN);
        const signal_inbox inbox;
        inbox.restore_inherited();
        sigprocmask(SIG_SETMASK, nullptr, &after);
        struct sigaction child_action;
        sigaction(SIGCHLD, nullptr, &child_action);
        return child_action.sa_handler == SIG_IGN && sigismember(&after, SIGUSR1) == 1 &&
               sigismember(&after, SIGTERM) == 0;
    });
}

}  // namespace
}  // namespace fil::cli
