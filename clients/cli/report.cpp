#include "report.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <time.h>

#include <climits>
#include <cstring>
#include <optional>

#include "ending.hpp"
#include "launch.hpp"
#include "preload_library.hpp"

namespace fil::cli {
namespace {

// What the child tells the supervisor, through a pipe that holds it whole.
struct answer {
    fil_status status = FIL_ERROR_INTERNAL;
    char path[PATH_MAX] = "";
    fil_error error = FIL_ERROR_INIT;
};
static_assert(sizeof(answer) < 65536);

[[noreturn]] void report_and_exit(fil_session* session, const fil_report_options& options, int to) {
    const struct rlimit none {};
    ::setrlimit(RLIMIT_CORE, &none);  // a core file of ours is no use in the user's directory
    answer said;
    said.status = fil_session_report(session, &options, said.path, sizeof said.path, &said.error);
    const auto written = ::write(to, &said, sizeof said);
    ::_exit(written == static_cast<ssize_t>(sizeof said) ? 0 : 1);
}

ending wait_for(pid_t child, const descriptor& ended, const signal_inbox& signals) {
    pollfd waits[] = {{ended.get(), POLLIN, 0}, {signals.poll_descriptor(), POLLIN, 0}};
    for (;;) {
        ::poll(waits, std::size(waits), ended ? -1 : 20);
        if (const auto end = take_ending(child)) return *end;
        for (signalfd_siginfo signal; signals.take(signal);)
            if (is_for_program(signal, ::getpid(), false)) forward(signal, child, ended.get());
    }
}

report_outcome outcome_of(const ending& end, const descriptor& from) {
    if (end.kind == FIL_ENDING_SIGNAL)
        return {FIL_ERROR_INTERNAL, {}, std::string("it was stopped: ") + ::strsignal(end.value)};
    answer said;
    if (::read(from.get(), &said, sizeof said) != static_cast<ssize_t>(sizeof said))
        return {FIL_ERROR_INTERNAL, {}, "it ended early"};
    return {said.status, said.path, said.error.message};
}

}  // namespace

report_outcome make_report(fil_session* session, const fil_report_options& options,
                           const signal_inbox& signals) {
    pipe_ends pipe = new_pipe();
    const pid_t supervisor = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return {FIL_ERROR_SYSTEM, {}, std::strerror(errno)};
    if (child == 0) {
        die_with(supervisor);
        signals.restore_inherited();
        report_and_exit(session, options, pipe.write.get());
    }
    pipe.write.close();
    const ending end = wait_for(child, open_pid(child), signals);
    return outcome_of(end, pipe.read);
}

std::string keep_recording(fil_session* session, pid_t pid, std::string& why) {
    std::string file = temporary_directory() + "/fil-" + std::to_string(::time(nullptr)) + "-" +
                       std::to_string(pid) + ".recording";
    fil_error error = FIL_ERROR_INIT;
    if (fil_session_keep(session, pid, {file.data(), file.size()}, &error) == FIL_OK) return file;
    why = error.message;
    return {};
}

}  // namespace fil::cli
