#include "watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "descriptor.hpp"
#include "launch.hpp"
#include "refusal.hpp"
#include "report.hpp"
#include "report_request.hpp"
#include "signals.hpp"

namespace fil::cli {
namespace {

// Where the kernel has no pid descriptors.
constexpr int looking_milliseconds = 200;

bool has_ended(pid_t pid, const descriptor& ended) {
    if (!ended) return ::kill(pid, 0) != 0 && errno == ESRCH;
    pollfd waits{ended.get(), POLLIN, 0};
    return ::poll(&waits, 1, 0) > 0;
}

// What the program inherits, or its pipes would stay open as long as we live. Descriptors of our
// own are close-on-exec.
void let_go_of_descriptors() {
    std::vector<int> inherited;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const int number = std::atoi(entry.path().filename().c_str());
        const int flags = ::fcntl(number, F_GETFD);
        if (number > 2 && flags >= 0 && (flags & FD_CLOEXEC) == 0) inherited.push_back(number);
    }
    for (int number : inherited) ::close(number);
    const descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int standard : {0, 1, 2}) ::dup2(nothing.get(), standard);
}

class watcher {
  public:
    watcher(const watched_program& program, pid_t pid)
        : session_(program.session),
          command_(separated_by_zeros(program.arguments)),
          variables_(texts_of(program.set_by_us)),
          pid_(pid) {}

    void run(const descriptor& ended) {
        pollfd waits[] = {{fil_session_descriptor(session_), POLLIN, 0}, {ended.get(), POLLIN, 0}};
        while (!has_ended(pid_, ended)) {
            ::poll(waits, std::size(waits), ended ? -1 : looking_milliseconds);
            for (signalfd_siginfo signal; signals_.take(signal);)
                if (signal.ssi_signo == SIGTERM) return;
            fil_session_serve(session_);
            while (const pid_t asks = fil_session_asked(session_)) answer(asks);
        }
        fil_session_process_ended(session_, pid_);
        fil_process process = FIL_PROCESS_INIT;
        if (fil_session_process(session_, 0, &process) == FIL_OK && process.run_on) report(pid_);
    }

  private:
    void answer(pid_t asks) {
        const report_outcome made = report(asks);
        fil_session_answer(session_, asks, made.status, {made.why.data(), made.why.size()});
    }

    report_outcome report(pid_t pid) {
        fil_report_options options = FIL_REPORT_OPTIONS_INIT;
        options.pid = pid;
        options.run = 1;
        options.command = {command_.data(), command_.size()};
        options.variables = variables_.data();
        options.variable_count = variables_.size();
        return make_report(session_, options, signals_);
    }

    fil_session* session_;
    std::string command_;
    std::vector<fil_text> variables_;
    pid_t pid_;
    signal_inbox signals_;
};

[[noreturn]] void watch(const watched_program& program, pid_t pid, descriptor ready) {
    ::setsid();
    const descriptor ended = open_pid(pid);
    let_go_of_descriptors();
    try {
        watcher watching(program, pid);
        const char yes = 1;
        if (::write(ready.get(), &yes, 1) == 1) {
            ready.close();
            watching.run(ended);
        }
    } catch (const std::exception&) {  // there is nobody to tell
    }
    program.library.remove_link();
    fil_session_free(program.session);
    ::_exit(0);
}

}  // namespace

void start_watcher(const watched_program& program) {
    pipe_ends ready = new_pipe();
    const pid_t pid = ::getpid();
    const pid_t between = ::fork();
    if (between < 0)
        throw refusal(std::string("cannot start a process: ") + std::strerror(errno),
                      status_not_executable);
    if (between == 0) {
        ready.read.close();
        if (::fork() == 0) watch(program, pid, std::move(ready.write));
        ::_exit(0);
    }
    ready.write.close();
    while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
    }
    char yes = 0;
    ssize_t size;
    do size = ::read(ready.read.get(), &yes, 1);
    while (size < 0 && errno == EINTR);
    if (size != 1) throw refusal("cannot start the process that writes the reports");
}

}  // namespace fil::cli
