#include "start/launch.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "os/refusal.hpp"

namespace fil::cli {
namespace {

[[noreturn]] void refuse_failed_exec(const target& what, int why) {
    std::string line = "cannot start " + what.path + ": " + std::strerror(why);
    if (why == ENOENT) line += " (it, or the interpreter it names)";
    throw refusal(line, why == ENOENT ? status_not_found : status_not_executable);
}

}  // namespace

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
}

void become(const target& what, const environment& variables) {
    ::execve(what.path.c_str(), pointers(what.arguments).data(), pointers(variables).data());
    refuse_failed_exec(what, errno);
}

void die_with(pid_t supervisor) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != supervisor) ::_exit(status_not_executable);  // it died before the call above
}

descriptor open_pid(pid_t pid) {
    return descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // close-on-exec
}

program launch(const target& what, const environment& variables, const signal_inbox& signals) {
    // Everything the child needs is made before the fork; the child itself only makes system calls.
    const std::vector<char*> arguments = pointers(what.arguments);
    const std::vector<char*> environment = pointers(variables);
    pipe_ends failure = new_pipe();  // exec closes it; a failed exec writes errno first
    const pid_t supervisor = ::getpid();

    const pid_t pid = failure.read ? ::fork() : -1;
    if (pid < 0)
        throw refusal(std::string("cannot start a process: ") + std::strerror(errno),
                      status_not_executable);
    if (pid == 0) {
        die_with(supervisor);
        signals.restore_inherited();
        ::execve(what.path.c_str(), arguments.data(), environment.data());
        const int why = errno;
        [[maybe_unused]] const auto written = ::write(failure.write.get(), &why, sizeof why);
        ::_exit(status_not_executable);
    }

    failure.write.close();
    int why = 0;
    ssize_t size;
    do size = ::read(failure.read.get(), &why, sizeof why);
    while (size < 0 && errno == EINTR);
    if (size == static_cast<ssize_t>(sizeof why)) {
        ::waitpid(pid, nullptr, 0);
        refuse_failed_exec(what, why);
    }
    return {pid, open_pid(pid)};
}

}  // namespace fil::cli
