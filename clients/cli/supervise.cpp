#include "supervise.hpp"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

#include "pace.hpp"
#include "stopwatch.hpp"

namespace fil::cli {
namespace {

// A descriptor for each process of the program: as many as we may have. The program was started
// with the limit it inherited.
void allow_many_descriptors() {
    struct rlimit limit;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// SIGUSR2 would kill a program that has no action for it, ours or its own: then it is not told.
void pass_signals_on(const signal_inbox& signals, const program& child, const observation& seen,
                     const supervision& also) {
    for (signalfd_siginfo signal; signals.take(signal);) {
        const bool from_program = seen.memory.knows(static_cast<pid_t>(signal.ssi_pid));
        const bool asks = signal.ssi_signo == SIGUSR2 && also.report_signal;
        const bool tells = is_for_program(signal, ::getpid(), from_program) &&
                           !(asks && has_default_action(child.pid, SIGUSR2));
        if (tells) forward(signal, child.pid, child.ended.get());
        if (asks) also.report_signal(seen, tells || from_program);
    }
}

std::string image_of(pid_t pid) {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error).string();
}

}  // namespace

observation supervise(const program& child, fil_session* session, const signal_inbox& signals,
                      const supervision& also) {
    const stopwatch time;
    pace steps;
    observation seen{{}, 0, sampler(session, child.pid), {}};
    allow_many_descriptors();

    pollfd waits[] = {{child.ended.get(), POLLIN, 0},
                      {fil_session_descriptor(session), POLLIN, 0},
                      {signals.poll_descriptor(), POLLIN, 0}};
    std::optional<ending> end;
    int longest_wait = 1000;
    while (!end) {
        if (!seen.memory.anybody_joined())
            if (std::string image = image_of(child.pid); !image.empty()) seen.last_image = image;
        const int wait = std::min(steps.milliseconds(time.seconds()), longest_wait);
        ::poll(waits, std::size(waits), wait);
        end = take_ending(child.pid);
        if (end) fil_session_process_ended(session, child.pid);
        fil_session_serve(session);
        seen.memory.tick(time.seconds());
        seen.seconds = time.seconds();
        pass_signals_on(signals, child, seen, also);
        if (also.look && !end) longest_wait = also.look(seen);
    }
    seen.end = *end;
    seen.seconds = time.seconds();
    seen.memory.wait_for_others(100);
    return seen;
}

}  // namespace fil::cli
