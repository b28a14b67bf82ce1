#include "os/signals.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace fil::cli {
namespace {

constexpr int job_control[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT};

sigset_t signals_to_hold() {
    sigset_t set;
    sigfillset(&set);
    sigdelset(&set, SIGCHLD);
    return set;
}

}  // namespace

std::string name_of_signal(int number) {
    return ::strsignal(number);
}

bool is_stop(int number) {
    return is_job_control(number) && number != SIGCONT;
}

bool is_job_control(int number) {
    return std::ranges::find(job_control, number) != std::end(job_control);
}

job_control_let_be::job_control_let_be() {
    sigset_t set;
    sigemptyset(&set);
    for (int number : job_control) sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, &before_);
}

job_control_let_be::~job_control_let_be() {
    sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void stop_ourselves(int number, const std::function<bool()>& is_still_right) {
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

bool is_for_program(const signalfd_siginfo& signal, pid_t self, bool from_program) {
    switch (signal.ssi_code) {
        case SI_USER:
        case SI_QUEUE:
        case SI_TKILL:
            return static_cast<pid_t>(signal.ssi_pid) != self && !from_program;
        case SI_KERNEL:
            // An alarm set before exec of fil-profile, as a poor man's timeout: timers are not
            // inherited by fork. The end of a terminal is told to the first process in it, which is
            // to go on, should it be stopped. All else goes to the group, where there is a
            // terminal.
            return signal.ssi_signo == SIGALRM || signal.ssi_signo == SIGHUP ||
                   signal.ssi_signo == SIGCONT;
        default:
            return false;
    }
}

signal_inbox::signal_inbox() {
    const sigset_t ours = signals_to_hold();
    sigprocmask(SIG_BLOCK, &ours, &inherited_mask_);
    inbox_ = descriptor(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));

    // Where SIGCHLD is ignored, children vanish without an exit status.
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &standard, &inherited_child_action_);
}

bool signal_inbox::take(signalfd_siginfo& signal) const {
    return ::read(inbox_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal);
}

void signal_inbox::restore_inherited() const {
    sigaction(SIGCHLD, &inherited_child_action_, nullptr);
    sigprocmask(SIG_SETMASK, &inherited_mask_, nullptr);
}

void forward(const signalfd_siginfo& signal, pid_t pid, int pid_descriptor) {
    const int number = static_cast<int>(signal.ssi_signo);
    if (signal.ssi_code == SI_QUEUE) {
        siginfo_t queued;
        std::memset(&queued, 0, sizeof queued);
        queued.si_signo = number;
        queued.si_code = SI_QUEUE;
        queued.si_pid = static_cast<pid_t>(signal.ssi_pid);
        queued.si_uid = signal.ssi_uid;
        queued.si_value.sival_ptr = reinterpret_cast<void*>(signal.ssi_ptr);
        if (::syscall(SYS_rt_sigqueueinfo, pid, number, &queued) == 0) return;
    }
    // By descriptor where there is one: it cannot hit a successor with the same number.
    if (pid_descriptor < 0 ||
        ::syscall(SYS_pidfd_send_signal, pid_descriptor, number, nullptr, 0) != 0)
        ::kill(pid, number);
}

}  // namespace fil::cli
