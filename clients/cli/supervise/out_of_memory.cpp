#include "supervise/out_of_memory.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "fil/report/mib_text.hpp"
#include "os/attempt.hpp"
#include "os/limits.hpp"
#include "os/process.hpp"
#include "os/readable.hpp"

namespace fil::cli {
namespace {

// It writes out its buffers first, for two seconds at most. One that is stopped does not end.
void wait_for_end_of(pid_t pid) {
    constexpr int most_milliseconds = 3000;
    if (const descriptor process = open_pid(pid))
        wait_until_readable({process.get()}, most_milliseconds);
}

std::string no_more_of(const memory_limit& limit) {
    const std::string size = limit.bytes > 0 ? " (" + report::size_text(limit.bytes) + ")" : "";
    return "there was no more of " + limit.name + size;
}

}  // namespace

out_of_memory::out_of_memory(fil_session* session, std::string root, pid_t program,
                             parent its_parent, teller tell)
    : session_(session),
      left_(std::move(root)),
      program_(program),
      parent_(its_parent),
      tell_(std::move(tell)) {
    fil_session_detect_out_of_memory(session);
}

void out_of_memory::judge(const sampler& memory) {
    tell_of_killed(memory);
    const std::vector<pid_t> pids = memory.running();
    const auto found = left_.look({pids, memory.resident_now(), memory.most_callstacks()});
    const bool is_the_programs = found && found->is_the_programs;
    shortage_ = found ? found->what : "";
    if (is_the_programs) {
        last_shortage_ = shortage_;
        last_limit_ = found->limit;
    }
    fil_session_memory_is_low(session_, is_the_programs ? memory.largest() : 0);
}

void out_of_memory::calm() {
    shortage_.clear();
    fil_session_memory_is_low(session_, 0);
}

void out_of_memory::hear(const reporter& make) {
    fil_out_of_memory process = FIL_OUT_OF_MEMORY_INIT;
    while (fil_session_out_of_memory(session_, &process) == FIL_OK) {
        attempt("report that memory ran out", [&] { report(process, make); });
        fil_session_let_go(session_, process.pid);
    }
}

void out_of_memory::report(const fil_out_of_memory& process, const reporter& make) {
    const std::string why =
        process.request_bytes != 0
            ? "a request for " + report::size_text(static_cast<long long>(process.request_bytes)) +
                  " failed"
            : last_shortage_;
    const std::string whose =
        process.pid == program_ ? "" : " in PID " + std::to_string(process.pid);
    const auto tell = [&](const std::string& text, worth it) { tell_(message_line(text), it); };
    tell("WARNING: Detected out-of-memory condition" + whose + ", exiting soon: " + why + ".",
         worth::error);
    ran_out_of_memory what{process, limit_of(process), {}};
    if (parent_ == parent::us) {
        what.counters_read = [&] {  // what it held is free for the report
            fil_session_let_go(session_, process.pid);
            wait_for_end_of(process.pid);
        };
    }
    make_and_tell(what, make);
}

// The kernel counts whom it kills before they have ended. Of several the largest were it.
void out_of_memory::tell_of_killed(const sampler& memory) {
    std::vector<std::pair<std::int64_t, std::size_t>> killed;
    for (; ended_ < memory.ended().size(); ++ended_) {
        fil_process process = FIL_PROCESS_INIT;
        const std::size_t number = memory.ended()[ended_];
        if (fil_session_process(session_, number, &process) == FIL_OK && process.killed != 0)
            killed.emplace_back(process.peak, number);
    }
    std::ranges::sort(killed, std::greater());
    for (const auto& [_, number] : killed) {
        const auto limit = left_.take_killed();
        if (!limit) return;
        const std::string cause = "killed by the kernel: " + no_more_of(*limit);
        fil_session_note_cause(session_, number, {cause.data(), cause.size()});
        tell_(message_line(memory.name_of(number) + " was " + cause + "."), worth::error);
    }
}

bool out_of_memory::report_killed(const reporter& make) {
    const auto limit = left_.kernel_has_killed();
    if (!limit) return false;
    tell_(message_line("WARNING: The kernel killed the program: " + no_more_of(*limit) + "."),
          worth::error);
    fil_out_of_memory words = FIL_OUT_OF_MEMORY_INIT;
    words.pid = program_;
    make_and_tell({words, *limit, {}}, make);
    return program_is_reported();
}

void out_of_memory::make_and_tell(const ran_out_of_memory& what, const reporter& make) {
    const auto tell = [&](const std::string& text, worth it) { tell_(message_line(text), it); };
    const report_outcome outcome = make(what);
    if (outcome.status != FIL_OK) {
        tell("The report could not be made: " + outcome.why + ".", worth::error);
        return;
    }
    for (const std::string& line : outcome.answer) tell_(answer_line(line), worth::news);
    const std::string page = outcome.path + "/index.html";
    tell("Wrote HTML report to " + page, worth::news);
    if (what.words.pid == program_) page_ = page;
}

memory_limit out_of_memory::limit_of(const fil_out_of_memory& process) const {
    if (process.request_bytes == 0) return last_limit_;
    const auto most = limit_of_address_space(process.pid);
    if (!most || *most > std::uint64_t{INT64_MAX}) return {};
    return {static_cast<std::int64_t>(*most), "the address space (ulimit -v)"};
}

}  // namespace fil::cli
