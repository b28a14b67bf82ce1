#include "run.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "fil/report/ending_text.hpp"
#include "fil/report/unrecorded_text.hpp"
#include "live/live_screen.hpp"
#include "os/browser.hpp"
#include "os/descriptor.hpp"
#include "os/limits.hpp"
#include "os/message.hpp"
#include "os/process.hpp"
#include "os/refusal.hpp"
#include "os/stopwatch.hpp"
#include "os/terminal_screen.hpp"
#include "start/new_session.hpp"
#include "start/output_directory.hpp"
#include "supervise/live_reports.hpp"
#include "supervise/out_of_memory.hpp"
#include "supervise/report.hpp"
#include "supervise/report_request.hpp"
#include "supervise/start_keeper.hpp"
#include "supervise/supervise.hpp"
#include "target/executable.hpp"
#include "target/preload_library.hpp"

namespace fil::cli {
namespace {

void announce(const invocation& asked, const target& what, const output_directory& output) {
    if (!what.why_unrecorded.empty())
        say(what.arguments.front() + " itself is not recorded, since " + what.why_unrecorded +
                "; what it starts is.",
            worth::news);
    say("Memory usage will be written out at exit to " + output.path() +
            (asked.browser ? ", and opened in a browser." : "."),
        worth::news);
    say("The peak so far, at any time: kill -USR2 " + std::to_string(own_pid()), worth::news);
}

// With so little, a session is not made, or the program not started.
void run_unrecorded_without_descriptors(const target& what, environment variables) {
    if (descriptor_room(descriptors_for_a_session).is_whole()) return;
    say("No report: " + what.arguments.front() + " runs unrecorded, since " +
        too_few_descriptors() + ".");
    finish_saying();
    drop_variable(variables, "FIL_PYTHON");
    become(what, variables);
}

// It joined, and then was refused what it needs to begin: what there is of it is empty.
bool nothing_was_recorded(fil_session* session, const observation& seen) {
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    if (!seen.memory.anybody_joined()) return true;
    return fil_session_read(session, &numbers) == FIL_OK && numbers.peak == 0 &&
           numbers.live == 0 && fil_session_refused(session, nullptr, 0) > 0;
}

void say_nobody_joined(fil_session* session, const target& what, const observation& seen) {
    char refused[400] = "";
    if (fil_session_refused(session, refused, sizeof refused) > 0) {
        say("No report: " + what.arguments.front() + " could not be recorded, since " + refused +
            ".");
        return;
    }
    std::string why = "it ended before it was ready, or something removed LD_PRELOAD";
    if (!descriptor_room(2).is_whole()) why = too_few_descriptors();
    if (!seen.last_image.empty()) {
        const executable image = inspect_executable(seen.last_image);
        if (image.kind == executable_kind::unusable)
            why = seen.last_image + " cannot be profiled: " + image.why;
    }
    say("No report: " + what.arguments.front() + " never connected; most likely " + why + ".");
}

// The interpreter ended for a reason of its own, which it has told: no such module, an error in the
// script's syntax. (Its status is 1 then, or 2.)
bool never_began(const fil_session* session, const target& what, const program& child,
                 const ending& end) {
    return what.is_python && end.kind == FIL_ENDING_EXIT && (end.value == 1 || end.value == 2) &&
           fil_session_began(session, child.pid) == 0;
}

void say_what_was_missed(fil_session* session, observation& seen) {
    seen.memory.admit_late();
    for (const std::string& process : seen.memory.still_running())
        say(process + " is still running; what it does from now on is not recorded.", worth::news);
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    if (fil_session_read(session, &numbers) != FIL_OK) return;
    report::unrecorded_processes others{.unprofiled = numbers.unprofiled_children,
                                        .sandboxed = numbers.sandboxed,
                                        .left_out = numbers.left_out};
    char refused[400] = "";
    if (numbers.processes > 0) {
        others.refused = fil_session_refused(session, refused, sizeof refused);
        others.missed = fil_session_missed(session);
    }
    others.why_refused = refused;
    for (const std::string& text : report::unrecorded_texts(others)) say(text, worth::news);
}

// What the page says in its head.
void say_cause(const ending& end) {
    const bool is_signal = end.kind == FIL_ENDING_SIGNAL;
    if (!is_signal && end.value == 0) return;
    using how = report::ending_facts::how;
    say("The program ended: " +
            report::ending_text({is_signal ? how::signalled : how::exited, end.value}) + ".",
        worth::news);
}

// Which the kernel may have done, before the program came to allocate again.
void say_killed_for_memory(const observation& seen, const out_of_memory& memory) {
    if (seen.end.kind == FIL_ENDING_SIGNAL && seen.end.value == SIGKILL &&
        !memory.shortage().empty())
        say("It was killed when memory ran out (" + memory.shortage() +
            "); the report is of its peak.");
}

// By a filter, the program's own or one around us. We make calls that the program would not.
void say_killed_by_sandbox(const observation& seen) {
    if (seen.end.kind == FIL_ENDING_SIGNAL && seen.end.value == SIGSYS)
        say("It was killed by SIGSYS: a sandbox (seccomp) allows no such system call. That may "
            "have "
            "been one of fil-profile's, where the program put the sandbox up without the C "
            "library, or it was there before.");
}

void keep(fil_session* session, const report_request& request, const std::string& why_no_report) {
    std::string why;
    int missing = 0;
    const std::string path = keep_recordings(session, request.contents().facts.pid, why, missing);
    const bool are_several = !path.ends_with(".recording");
    std::string line = "The report could not be made: " + why_no_report + ". ";
    if (path.empty())
        line += "The recording could not be kept either: " + why + ".";
    else
        line += (are_several ? "The recordings are kept in " : "The recording is kept in ") + path;
    if (missing > 0) line += " (but for " + std::to_string(missing) + ": " + why + ")";
    say(line);
}

std::string page_of(const report_outcome& report) {
    return report.path + "/index.html";
}

void say_written(const report_outcome& report) {
    for (const std::string& line : report.answer) say_line(answer_line(line), worth::news);
    if (!report.unseen_allocator.empty()) say(report.unseen_allocator, worth::news);
    say("Wrote HTML report to " + page_of(report), worth::news);
}

// None, with a line that says so, where there can be no view: the program runs all the same.
std::unique_ptr<live_screen> wanted_screen(const invocation& asked) {
    if (!asked.live) return nullptr;
    descriptor terminal = open_own_terminal();
    std::string why_not = why_no_screen(terminal.get());
    if (why_not.empty()) {
        auto screen = std::make_unique<live_screen>(std::move(terminal));
        if (*screen) return screen;
        why_not = "there is no terminal left for the program";
    }
    say("No view: " + why_not + ". The program runs without it.");
    return nullptr;
}

void say_written_meanwhile(const report_outcome& report) {
    if (report.status == FIL_OK)
        say_written(report);
    else
        say("The report could not be made: " + report.why + ".");
}

// What names the program, as it was typed: a file, or "-m" and a module.
std::vector<std::string> shown_words(const invocation& asked) {
    if (!asked.hide_arguments) return asked.words;
    const std::size_t names = asked.words.front() == "-m" ? 2 : 1;
    return {asked.words.begin(), asked.words.begin() + std::min(names, asked.words.size())};
}

}  // namespace

ending run(const invocation& asked) {
    const environment inherited = current_environment();
    const std::string package_python = find_variable(inherited, "FIL_PYTHON").value_or("");
    const target what = what_is_run(asked.words, asked.python, package_python);
    run_unrecorded_without_descriptors(what, inherited);
    preload_library library;
    // Before the first file is made: where none may grow, that is a signal too.
    const signal_inbox signals;
    const output_directory output(asked.output);
    const session_owner session = new_session();
    if (asked.show_arguments) fil_session_show_arguments(session.get());
    if (asked.hide_arguments) fil_session_hide_arguments(session.get());
    if (asked.native) fil_session_merge_native(session.get());
    program_environment variables =
        environment_of_program(inherited, library.path(), fil_session_environment(session.get()));

    if (!asked.thread_pools) turn_thread_pools_off(variables);

    announce(asked, what, output);
    const std::int64_t started_ns = nanoseconds_since_1970();
    start_keeper(session.get(), output.path());
    const auto screen = wanted_screen(asked);
    const program child = launch(what, variables.all, signals, [&] {
        if (screen) screen->cover();
    });
    if (screen) screen->start(signals);
    if (!asked.children) fil_session_leave_children_out(session.get(), child.pid);
    const std::vector<std::string> shown = shown_words(asked);
    const program_facts facts{output.path(), shown, what,           variables.set_by_us, child.pid,
                              started_ns,    false, asked.snapshot, asked.names};
    live_reports meanwhile(session.get(), facts, signals, say_written_meanwhile);
    take_all_that_is_allowed();
    std::optional<out_of_memory> memory;
    if (asked.detect_out_of_memory) {
        const descriptor_room room(descriptors_for_joining_and_reporting);
        memory.emplace(session.get(), find_variable(inherited, "FIL_SYSTEM_ROOT").value_or(""),
                       child.pid, out_of_memory::parent::us);
        if (!room.is_whole() || !descriptor_room(1).is_whole())
            say("That memory runs low may go unnoticed: " + too_few_descriptors() + ".");
    }
    const auto look_at_memory = [&](const observation& now) {
        if (!memory) return 1000;
        memory->judge(now.memory);
        memory->hear([&](const ran_out_of_memory& process) {
            const report_request request(facts, now, process);
            return make_report(session.get(), request.contents(), signals);
        });
        return memory->longest_wait();
    };
    const supervision also = {[&](const observation& now) {
                                  const int wait =
                                      std::min(meanwhile.look(now), look_at_memory(now));
                                  return screen ? std::min(wait, screen->look()) : wait;
                              },
                              [&](const observation& now) { meanwhile.ask(now.seconds); },
                              {[&](int number) {
                                   if (screen) screen->stop(number);
                               },
                               [&] {
                                   if (screen) screen->go_on();
                               }}};
    observation seen = supervise(child, session.get(), signals, also);
    if (screen) screen->finish();
    meanwhile.finish();
    say_killed_by_sandbox(seen);
    if (!seen.memory.still_running().empty()) library.leave_link();

    if (nothing_was_recorded(session.get(), seen)) {
        say_nobody_joined(session.get(), what, seen);
        say_what_was_missed(session.get(), seen);
        return seen.end;
    }
    const bool was_killed = seen.end.kind == FIL_ENDING_SIGNAL && seen.end.value == SIGKILL;
    // What dies with a program that the kernel killed was not killed by it.
    if (memory && !was_killed) memory->tell_of_killed(seen.memory);
    const bool by_kernel = was_killed && memory && !memory->program_is_reported() &&
                           memory->report_killed([&](const ran_out_of_memory& process) {
                               const report_request request(facts, seen, process);
                               return make_report(session.get(), request.contents(), signals);
                           });
    if (memory && memory->program_is_reported()) {
        if (asked.browser) open_in_browser(memory->page());
        say_what_was_missed(session.get(), seen);
        return by_kernel ? ending{FIL_ENDING_EXIT, out_of_memory_status} : seen.end;
    }
    if (never_began(session.get(), what, child, seen.end)) {
        say("No report: none of the program's own code was run, or it allocated nothing.",
            worth::news);
        return seen.end;
    }
    say_cause(seen.end);
    if (memory) say_killed_for_memory(seen, *memory);
    const report_request request(facts, seen);
    const report_outcome report = make_report(session.get(), request.contents(), signals);
    if (report.status == FIL_OK) {
        say_written(report);
        if (asked.browser) open_in_browser(page_of(report));
    } else {
        keep(session.get(), request, report.why);
    }
    say_what_was_missed(session.get(), seen);
    return seen.end;
}

}  // namespace fil::cli
