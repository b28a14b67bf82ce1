#include "os/process.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>

#include "os/readable.hpp"

namespace fil::cli {

pid_t own_pid() {
    return ::getpid();
}

descriptor open_pid(pid_t pid) {
    return descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // close-on-exec
}

bool has_ended(const descriptor& process) {
    return wait_until_readable({process.get()}, 0);
}

bool is_gone(pid_t pid) {
    return ::kill(pid, 0) != 0 && errno == ESRCH;
}

bool is_stopped(pid_t child) {
    siginfo_t info;
    info.si_pid = 0;
    const int found =
        ::waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED | WNOHANG | WNOWAIT);
    if (found != 0) return errno != ECHILD;
    return info.si_pid == child;
}

void call_this_process(const char* name) {
    ::prctl(PR_SET_NAME, name);
}

void leave_our_group() {
    ::setpgid(0, 0);
}

group group_of(pid_t pid) {
    const pid_t its = ::getpgid(pid);
    if (its < 0) return group::unknown;
    return its == ::getpgrp() ? group::ours : group::another;
}

}  // namespace fil::cli
