#include "supervise/watch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "os/attempt.hpp"
#include "os/child.hpp"
#include "os/pipe.hpp"
#include "os/process.hpp"
#include "os/program_stderr.hpp"
#include "os/readable.hpp"
#include "os/refusal.hpp"
#include "os/signals.hpp"
#include "os/standard_descriptors.hpp"
#include "supervise/out_of_memory.hpp"
#include "supervise/report.hpp"
#include "supervise/report_request.hpp"
#include "supervise/run_watch.hpp"

namespace fil::cli {
namespace {

// While no run is on, in milliseconds: a program that has no descriptor left cannot say that one
// began. The other where the kernel has no pid descriptors.
constexpr int looking_now_and_then = 1000, looking_for_the_end = 200;

class watcher {
  public:
    watcher(const watched_program& program, pid_t pid)
        : session_(program.session),
          facts_{nowhere_, program.arguments, nothing_, program.set_by_us, pid, 0,
                 true,     program.snapshot},
          pid_(pid),
          errors_(pid),
          memory_(out_of_memory_of(program)),
          run_(session_, pid, memory_ ? &*memory_ : nullptr) {}

    void watch_until(const descriptor& ended) {
        const int longest_wait = ended ? looking_now_and_then : looking_for_the_end;
        int wait = longest_wait;
        while (ended ? !has_ended(ended) : !is_gone(pid_)) {
            wait_until_readable({fil_session_descriptor(session_), ended.get()}, wait);
            for (signalfd_siginfo signal; signals_.take(signal);)
                if (signal.ssi_signo == SIGTERM) return;
            fil_session_serve(session_);
            wait = longest_wait;
            attempt("look at memory", [&] {
                const auto next = run_.look([&](const ran_out_of_memory& process) {
                    return make(report_request(facts_, run_.seen(), process));
                });
                wait = std::min(next.value_or(longest_wait), longest_wait);
            });
            while (const pid_t asks = fil_session_asked(session_)) answer(asks);
            send_visitors_away();
        }
        fil_session_process_ended(session_, pid_);
        attempt("report the run", [&] {
            if (run_.is_to_report()) make(report_request(facts_, run_.seen()));
        });
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

    void send_visitors_away() {
        constexpr std::string_view why =
            "it records on request, and makes its reports itself (fil-profile python)";
        std::uint64_t visit = 0;
        for (fil_visit_kind kind{}; fil_session_visit(session_, &visit, &kind) == FIL_OK;)
            fil_session_answer_visit(session_, visit, FIL_ERROR_STATE, {why.data(), why.size()});
    }

    // Who asks waits for it.
    void answer(pid_t asks) {
        report_outcome made{FIL_ERROR_MEMORY, {}, {}};
        attempt("make a report", [&] {
            run_.look_once_more();
            made = make(report_request(facts_, run_.seen()));
        });
        fil_session_answer(session_, asks, made.status, {made.why.data(), made.why.size()});
    }

    report_outcome make(const report_request& request) {
        return make_report(session_, request.contents(), signals_);
    }

    fil_session* session_;
    const std::string nowhere_;
    const target nothing_;
    program_facts facts_;
    pid_t pid_;
    signal_inbox signals_;
    program_stderr errors_;
    std::optional<out_of_memory> memory_;
    run_watch run_;
};

void watch(const watched_program& program, pid_t pid, descriptor& ready) {
    const descriptor ended = open_pid(pid);
    try {
        watcher watching(program, pid);
        close_inherited_descriptors();
        let_go_of_standard_descriptors();
        if (write_value(ready, true)) {
            ready.close();
            watching.watch_until(ended);
        }
    } catch (const std::exception&) {  // there is nobody to tell
    }
    program.library.remove_link();
    fil_session_free(program.session);
}

}  // namespace

void start_watcher(const watched_program& program) {
    pipe_ends ready = new_pipe();
    const pid_t pid = own_pid();
    const auto its_part = [&] {
        ready.read.close();
        watch(program, pid, ready.write);
    };
    if (!start_orphan(its_part))
        throw refusal(std::string("cannot start a process: ") + std::strerror(errno),
                      status_not_executable);
    ready.write.close();
    if (!read_value<bool>(ready.read))
        throw refusal("cannot start the process that writes the reports");
}

}  // namespace fil::cli
