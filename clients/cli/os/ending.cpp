#include "os/ending.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "os/limits.hpp"

namespace fil::cli {
namespace {

void dump_no_core() {
    leave_no_core_file();
    ::prctl(PR_SET_DUMPABLE, 0);  // where cores go to a program, the limit is not asked
}

void die_by(int number) {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    sigaction(number, &standard, nullptr);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    ::kill(::getpid(), number);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);  // delivered here at the latest
}

// By the older call, where the other is refused.
std::optional<ending> take_status(pid_t pid) {
    int status = 0;
    pid_t found;
    do found = ::waitpid(pid, &status, WNOHANG);
    while (found < 0 && errno == EINTR);
    if (found == 0) return std::nullopt;
    if (found < 0) return ending{FIL_ENDING_EXIT, 1};  // somebody else waited for it
    if (WIFSIGNALED(status)) return ending{FIL_ENDING_SIGNAL, WTERMSIG(status)};
    return ending{FIL_ENDING_EXIT, WEXITSTATUS(status)};
}

}  // namespace

std::optional<ending> take_ending(pid_t pid) {
    siginfo_t info;
    info.si_pid = 0;
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0)
        if (errno != EINTR) return take_status(pid);
    if (info.si_pid == 0) return std::nullopt;
    return ending{info.si_code == CLD_EXITED ? FIL_ENDING_EXIT : FIL_ENDING_SIGNAL, info.si_status};
}

void end_like(const ending& other) {
    if (other.kind == FIL_ENDING_SIGNAL) {
        dump_no_core();
        die_by(other.value);
        ::_exit(128 + other.value);  // the first process of a container survives its own signals
    }
    ::_exit(other.value);
}

}  // namespace fil::cli
