#include "supervise/report.hpp"

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>

#include "../../../lib/session/temporary_directories.hpp"
#include "os/attempt.hpp"
#include "os/child.hpp"
#include "os/ending.hpp"
#include "os/limits.hpp"
#include "os/message.hpp"
#include "os/process.hpp"
#include "os/progress.hpp"
#include "os/readable.hpp"
#include "os/stopwatch.hpp"
#include "os/terminal_look.hpp"

namespace fil::cli {
namespace {

// What the child tells the supervisor, through a pipe that holds it whole.
struct answer {
    fil_status status = FIL_ERROR_INTERNAL;
    char path[PATH_MAX] = "";
    fil_error error = FIL_ERROR_INIT;
    char unseen_allocator[512] = "";
    char lines[2400] = "";
};

std::uint64_t used_bytes(fil_session* session) {
    std::uint64_t sum = 0;
    fil_process process = FIL_PROCESS_INIT;
    for (std::size_t i = 0; fil_session_process(session, i, &process) == FIL_OK; ++i)
        sum += process.recording_bytes;
    return sum;
}

// The report's process says that it has read the counters, and waits until we have acted on it.
struct reading_signal {
    pipe_ends has_read = new_pipe(), may_go_on = new_pipe();
    int answer_to = -1;

    static void tell(void* context) {
        const auto& self = *static_cast<const reading_signal*>(context);
        if (write_value(self.has_read.write, true)) read_value<bool>(self.may_go_on.read);
        close_descriptors_but(self.answer_to);
    }
    // It may also have ended.
    void wait_and(const std::function<void()>& act) {
        has_read.write.close();
        may_go_on.read.close();
        read_value<bool>(has_read.read);
        act();
        may_go_on.write.close();
    }
};

void make(fil_session* session, report_contents contents, const descriptor& to,
          std::optional<reading_signal>& reading) {
    fil_report_options& options = contents.options;
    fil_session_facts& facts = contents.facts;
    answer said;
    const terminal_look look = look_of_terminal(2);
    options.answer = said.lines;
    options.answer_capacity = sizeof said.lines;
    options.answer_columns = look.columns - unsigned{message_prefix.size()};
    options.answer_look = look.is;
    if (reading) {
        reading->may_go_on.write.close();
        reading->answer_to = to.get();
        facts.counters_read = reading_signal::tell;
        facts.context = &*reading;
    } else {
        close_descriptors_but(to.get());  // few may be allowed, and its files want some
    }
    leave_no_core_file();
    facts.unseen_allocator = said.unseen_allocator;
    facts.unseen_allocator_bytes = sizeof said.unseen_allocator;
    said.status =
        fil_session_report(session, &options, &facts, said.path, sizeof said.path, &said.error);
    if (!write_value(to, said)) std::_Exit(1);
}

// In a child that reads recordings.
void become_reader(fil_session* session, const signal_inbox& signals, const report_limits& limits) {
    leave_our_group();  // a signal to it is the program's, and for us to pass on
    for (signalfd_siginfo signal; signals.take(signal);) {
    }  // one that came before this
    signals.restore_inherited();
    allow_large_files();
    limit_time(limits.seconds);
    limit_memory(limits.bytes + 16 * used_bytes(session));
}

// The terminal reaches only us: the report's process is in a group of its own. That the terminal is
// gone is no reason to have no report.
bool may_stop_report(const signalfd_siginfo& signal) {
    if (signal.ssi_code == SI_KERNEL) return signal.ssi_signo != SIGHUP;
    return is_for_program(signal, own_pid(), false);
}

// While it waits, Ctrl-Z stops us as anybody. What arrives at first is an echo of what ended the
// program: timeout, for one, signals its child, and then the whole group.
ending wait_for(pid_t child, const descriptor& ended, const signal_inbox& signals,
                fil_session* session) {
    using namespace std::chrono_literals;
    const job_control_let_be meanwhile;
    const auto echo_ends = std::chrono::steady_clock::now() + 1s;
    progress shown("drawing the report");
    for (;; attempt("show how far the report is", [&] { shown.look(); })) {
        wait_until_readable(
            {ended.get(), signals.poll_descriptor(), fil_session_descriptor(session)},
            ended && !go_on_saying() ? 200 : 20);
        fil_session_serve(session);  // processes that start meanwhile wait for us
        if (const auto end = take_ending(child)) return *end;
        for (signalfd_siginfo signal; signals.take(signal);)
            if (may_stop_report(signal) && std::chrono::steady_clock::now() >= echo_ends)
                forward(signal, child, ended.get());
    }
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
        lines.emplace_back(text.substr(0, end));
    return lines;
}

// A name that nobody can have taken before: the folder is everybody's.
std::string new_recording_name() {
    std::random_device random;
    char letters[20];
    std::snprintf(letters, sizeof letters, "%08x%08x", random(), random());
    return "/fil-" + std::to_string(nanoseconds_since_1970() / 1'000'000'000) + "-" + letters;
}

constexpr const char* suffix = ".recording";

// That ended before the peak, or held nothing, have none any more.
std::set<pid_t> others_with_recordings(fil_session* session, pid_t program) {
    std::set<pid_t> pids;
    fil_process process = FIL_PROCESS_INIT;
    for (std::size_t i = 0; fil_session_process(session, i, &process) == FIL_OK; ++i)
        if (process.pid != program && process.recording_bytes > 0) pids.insert(process.pid);
    return pids;
}

}  // namespace

report_in_the_making::report_in_the_making(fil_session* session, const report_contents& contents,
                                           const signal_inbox& signals, const report_limits& limits)
    : session_(session), limits_(limits), pipe_(new_pipe()) {
    std::optional<reading_signal> reading;
    if (contents.counters_read) reading.emplace();
    const auto report = [&] {
        become_reader(session, signals, limits_);
        make(session, contents, pipe_.write, reading);
    };
    child_ = pipe_.read ? start_child(report) : -1;
    why_not_ = errno;
    pipe_.write.close();
    if (reading) reading->wait_and(contents.counters_read);
}

std::optional<report_outcome> report_in_the_making::take() {
    if (child_ < 0) return report_outcome{FIL_ERROR_SYSTEM, {}, std::strerror(why_not_)};
    const auto end = take_ending(child_);
    if (!end) return std::nullopt;
    return outcome_of(*end);
}

report_outcome report_in_the_making::wait(const signal_inbox& signals) {
    if (child_ < 0) return *take();
    return outcome_of(wait_for(child_, open_pid(child_), signals, session_));
}

report_outcome report_in_the_making::outcome_of(const ending& end) const {
    if (end.kind == FIL_ENDING_SIGNAL && end.value == SIGALRM)
        return {FIL_ERROR_INTERNAL, {}, "it took " + std::to_string(limits_.seconds) + " s"};
    if (end.kind == FIL_ENDING_SIGNAL)
        return {FIL_ERROR_INTERNAL, {}, "it was stopped: " + name_of_signal(end.value)};
    const auto said = read_value<answer>(pipe_.read);
    if (!said) return {FIL_ERROR_INTERNAL, {}, "it ended early"};
    return {said->status, said->path, said->error.message, lines_of(said->lines),
            said->unseen_allocator};
}

pid_t start_showing(fil_session* session, std::uint64_t visit, const report_contents& contents,
                    const signal_inbox& signals) {
    const pid_t child = start_child([&] {  // from here on, nothing throws
        become_reader(session, signals, {.seconds = 20});
        fil_session_show(session, visit, &contents.options, &contents.facts, nullptr);
    });
    const std::string_view why = child < 0 ? std::strerror(errno) : "";
    fil_session_answer_visit(session, visit, child < 0 ? FIL_ERROR_SYSTEM : FIL_OK,
                             {why.data(), why.size()});
    return child;
}

report_outcome make_report(fil_session* session, const report_contents& contents,
                           const signal_inbox& signals, const report_limits& limits) {
    return report_in_the_making(session, contents, signals, limits).wait(signals);
}

std::string keep_recordings(fil_session* session, pid_t program, std::string& why, int& missing) {
    const std::string name = new_recording_name();
    fil_process first = FIL_PROCESS_INIT;
    if (program == 0 && fil_session_process(session, 0, &first) == FIL_OK) program = first.pid;
    const std::set<pid_t> others = others_with_recordings(session, program);
    why.clear();
    missing = 0;
    const auto keep = [&](pid_t pid, const std::string& file) {
        fil_error error = FIL_ERROR_INIT;
        const bool is_kept =
            fil_session_keep(session, pid, {file.data(), file.size()}, &error) == FIL_OK;
        if (!is_kept && why.empty()) why = error.message;
        return is_kept;
    };
    for (const std::string& parent : temporary_directories()) {
        if (others.empty() && keep(program, parent + name + suffix)) return parent + name + suffix;
        if (others.empty()) continue;
        std::string tried;
        const std::string folder = new_private_directory(
            "fil-recordings-", tried, [&](const std::string& one) { return one == parent; });
        if (folder.empty()) continue;
        const auto file_of = [&](pid_t pid) { return folder + "/" + std::to_string(pid) + suffix; };
        if (keep(program, file_of(program))) {
            for (const pid_t pid : others) missing += keep(pid, file_of(pid)) ? 0 : 1;
            return folder;
        }
        std::error_code unknown;
        std::filesystem::remove(folder, unknown);
    }
    if (why.empty()) why = std::strerror(errno);
    return {};
}

}  // namespace fil::cli
