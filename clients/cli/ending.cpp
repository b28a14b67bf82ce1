#include "ending.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace fil::cli {
namespace {

void dump_no_core() {
    const struct rlimit none {};
    ::setrlimit(RLIMIT_CORE, &none);
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

}  // namespace

std::optional<ending> take_ending(pid_t pid) {
    siginfo_t info;
    info.si_pid = 0;
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0)
        if (errno != EINTR) return ending{FIL_ENDING_EXIT, 1};  // somebody else waited for it
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
