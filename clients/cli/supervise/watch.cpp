#include "supervise/watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "os/descriptor.hpp"
#include "os/refusal.hpp"
#include "os/signals.hpp"
#include "start/launch.hpp"
#include "supervise/out_of_memory.hpp"
#include "supervise/program_stderr.hpp"
#include "supervise/report.hpp"
#include "supervise/report_request.hpp"
#include "supervise/run_watch.hpp"

namespace fil::cli {
namespace {

// While no run is on, in milliseconds: a program that has no descriptor left cannot say that one
// began. The other where the kernel has no pid descriptors.
constexpr int looking_now_and_then = 1000, looking_for_the_end = 200;

bool has_ended(pid_t pid, const descriptor& ended) {
    if (!ended) return ::kill(pid, 0) != 0 && errno == ESRCH;
    pollfd waits{ended.get(), POLLIN, 0};
    return ::poll(&waits, 1, 0) > 0;
}

// What the program inherits, or its pipes would stay open as long as we live. Descriptors of our
// own are close-on-exec.
void let_go_of_descriptors() {
    for (int number : open_descriptors()) {
        const int flags = ::fcntl(number, F_GETFD);
        if (number > 2 && flags >= 0 && (flags & FD_CLOEXEC) == 0) ::close(number);
    }
    const descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int standard : {0, 1, 2}) ::dup2(nothing.get(), standard);
}

class watcher {
  public:
    watcher(const watched_program& program, pid_t pid)
        : session_(program.session),
          facts_{nowhere_, program.arguments, nothing_, program.set_by_us, pid, 0, true},
          pid_(pid),
          errors_(pid),
          memory_(out_of_memory_of(program)),
          run_(session_, pid, memory_ ? &*memory_ : nullptr) {}

    void run(const descriptor& ended) {
        pollfd waits[] = {{fil_session_descriptor(session_), POLLIN, 0}, {ended.get(), POLLIN, 0}};
        const int longest_wait = ended ? looking_now_and_then : looking_for_the_end;
        int wait = longest_wait;
        while (!has_ended(pid_, ended)) {
            ::poll(waits, std::size(waits), wait);
            for (signalfd_siginfo signal; signals_.take(signal);)
                if (signal.ssi_signo == SIGTERM) return;
            fil_session_serve(session_);
            const auto next = run_.look([&](const fil_out_of_memory& process) {
                return make(report_request(facts_, run_.seen(), process));
            });
            wait = std::min(next.value_or(longest_wait), longest_wait);
            while (const pid_t asks = fil_session_asked(session_)) answer(asks);
        }
        fil_session_process_ended(session_, pid_);
        if (run_.is_to_report()) make(report_request(facts_, run_.seen()));
    }

  private:
    std::optional<out_of_memory> out_of_memory_of(const watched_program& program) {
        if (!program.detect_out_of_memory) return std::nullopt;
        const descriptor_room room(descriptors_for_joining_and_reporting);
        return std::optional<out_of_memory>(
            std::in_place, session_, program.system_root, pid_, out_of_memory::parent::another,
            [this, quiet = program.quiet](std::string line, worth it) {
                if (!quiet || it == worth::error) errors_.say_line(std::move(line));
            });
    }

    void answer(pid_t asks) {
        run_.look_once_more();
        const report_outcome made = make(report_request(facts_, run_.seen()));
        fil_session_answer(session_, asks, made.status, {made.why.data(), made.why.size()});
    }

    report_outcome make(const report_request& request) {
        return make_report(session_, request.contents(), signals_);
    }

    fil_session* session_;
    const std::string nowhere_;
    const target nothing_;
    run_facts facts_;
    pid_t pid_;
    signal_inbox signals_;
    program_stderr errors_;
    std::optional<out_of_memory> memory_;
    run_watch run_;
};

[[noreturn]] void watch(const watched_program& program, pid_t pid, descriptor ready) {
    ::setsid();
    const descriptor ended = open_pid(pid);
    try {
        watcher watching(program, pid);
        let_go_of_descriptors();
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
