#include "supervise/job_control.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "os/signals.hpp"

namespace fil::cli {
namespace {

// In seconds: until a program has tidied up, its screen say, and stops.
constexpr double time_to_stop = 5;
constexpr int look_soon = 5, look_whenever = 1000;

bool is_stopped(pid_t program) {
    siginfo_t info;
    info.si_pid = 0;
    const int found =
        ::waitid(P_PID, static_cast<id_t>(program), &info, WSTOPPED | WNOHANG | WNOWAIT);
    if (found != 0) return errno != ECHILD;  // where we may not ask, at once
    return info.si_pid == program;
}

// The signal is pending before the program is looked at again: if it is continued from now on, the
// kernel takes the signal back from us. No effect in a group that has no shell, as everywhere.
template <class Condition>
void stop_by(int number, Condition is_still_right) {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    struct sigaction standard {
    }, inherited{};
    standard.sa_handler = SIG_DFL;
    sigaction(number, &standard, &inherited);
    ::kill(::getpid(), number);
    const timespec now{};
    if (!is_still_right()) ::sigtimedwait(&only, nullptr, &now);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);  // stops here
    sigprocmask(SIG_BLOCK, &only, nullptr);
    sigaction(number, &inherited, nullptr);
}

}  // namespace

void job_control::hear(const signalfd_siginfo& signal, double seconds) {
    const int number = static_cast<int>(signal.ssi_signo);
    stop_.reset();
    if (is_stop(number)) stop_ = heard{number, signal.ssi_code == SI_KERNEL, seconds};
}

void job_control::look(double seconds) {
    if (!stop_) return;
    // In a group of its own it does not get what the terminal sends to ours, nor do we pass it on.
    const pid_t group = ::getpgid(program_);
    const bool is_elsewhere = group >= 0 && group != ::getpgrp();
    const auto is_due = [&] {
        return (stop_->from_terminal && is_elsewhere) || is_stopped(program_);
    };
    if (is_due()) {
        stop_by(stop_->number, is_due);
        stop_.reset();
    } else if (seconds >= stop_->since + time_to_stop) {
        stop_.reset();
    }
}

int job_control::longest_wait() const {
    return stop_ ? look_soon : look_whenever;
}

}  // namespace fil::cli
