#include "os/child.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "os/pipe.hpp"

namespace fil::cli {
namespace {

void die_with(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it died before the call above
}

// With a null at the end; pointers into `texts`.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
}

// Whatever happens: the stack below is the parent's.
[[noreturn]] void do_and_end(const std::function<void()>& what) {
    try {
        what();
    } catch (...) {
        ::_exit(1);
    }
    ::_exit(0);
}

}  // namespace

pid_t start_child_doing(const std::function<void()>& what) {
    const pid_t us = ::getpid();
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    die_with(us);
    do_and_end(what);
}

bool start_orphan(const std::function<void()>& what) {
    const pid_t between = ::fork();
    if (between == 0) {
        if (::fork() != 0) ::_exit(0);
        ::setsid();
        do_and_end(what);
    }
    if (between > 0) wait_for_end(between);
    return between > 0;
}

started start_program(const program_image& what, const std::function<void()>& before_exec) {
    // Everything the child needs is made before the fork; the child itself only makes system calls.
    const std::vector<char*> arguments = pointers(what.arguments);
    const std::vector<char*> variables = pointers(what.variables);
    pipe_ends failure = new_pipe();  // exec closes it; a failed exec writes errno first
    const auto exec = [&] {
        before_exec();
        ::execve(what.path.c_str(), arguments.data(), variables.data());
        write_value(failure.write, errno);
        ::_exit(1);
    };
    const pid_t pid = failure.read ? start_child(exec) : -1;
    if (pid < 0) return {pid, errno};
    failure.write.close();
    const auto why = read_value<int>(failure.read);
    if (!why) return {pid, 0};
    wait_for_end(pid);
    return {pid, *why};
}

int become(const program_image& what) {
    ::execve(what.path.c_str(), pointers(what.arguments).data(), pointers(what.variables).data());
    return errno;
}

void end_by_term_with_parent() {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
}

void signal_child(pid_t child, int number) {
    ::kill(child, number);
}

void wait_for_end(pid_t child) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace fil::cli
