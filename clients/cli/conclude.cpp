#include "conclude.hpp"

#include <csignal>
#include <string>
#include <string_view>

#include "fil/report/ending_text.hpp"
#include "fil/report/unrecorded_text.hpp"
#include "os/attempt.hpp"
#include "os/browser.hpp"
#include "os/descriptor.hpp"
#include "os/message.hpp"
#include "supervise/report.hpp"
#include "target/executable.hpp"

namespace fil::cli {
namespace {

constexpr const char* saying = "say all that there is to say";

// Or it joined, and then was refused what it needs to begin: what there is of it is empty.
bool nothing_was_recorded(fil_session* session) {
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    if (fil_session_read(session, &numbers) != FIL_OK || numbers.processes == 0) return true;
    return numbers.peak == 0 && numbers.live == 0 && fil_session_refused(session, nullptr, 0) > 0;
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
bool never_began(const fil_session* session, const program_facts& facts, const ending& end) {
    return facts.what.is_python && end.kind == FIL_ENDING_EXIT &&
           (end.value == 1 || end.value == 2) && fil_session_began(session, facts.program) == 0;
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

void keep(fil_session* session, pid_t program, std::string_view why_no_report) {
    std::string why;
    int missing = 0;
    const std::string path = keep_recordings(session, program, why, missing);
    const bool are_several = !path.ends_with(".recording");
    std::string line = "The report could not be made: ";
    line.append(why_no_report).append(". ");
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

// Whether the kernel did it.
bool report_killed(const concluded& what, const observation& seen) {
    const bool was_killed = seen.end.kind == FIL_ENDING_SIGNAL && seen.end.value == SIGKILL;
    // What dies with a program that the kernel killed was not killed by it.
    if (!was_killed) what.memory->tell_of_killed(seen.memory);
    return was_killed && !what.memory->program_is_reported() &&
           what.memory->report_killed([&](const ran_out_of_memory& process) {
               const report_request request(what.facts, seen, process);
               return make_report(what.session, request.contents(), what.signals);
           });
}

void report_the_peak(const concluded& what, const observation& seen) {
    constexpr std::string_view no_memory = "there is not enough memory";
    report_outcome report;
    const bool is_known = attempt("make the report", [&] {
        const report_request request(what.facts, seen);
        report = make_report(what.session, request.contents(), what.signals);
    });
    if (is_known && report.status == FIL_OK) {
        attempt(saying, [&] {
            say_written(report);
            if (what.asked.browser) open_in_browser(page_of(report));
        });
        return;
    }
    const pid_t program = seen.memory.program_joined() ? what.facts.program : 0;
    keep_what_was_recorded(what.session, program, is_known ? report.why : no_memory);
}

}  // namespace

void keep_what_was_recorded(fil_session* session, pid_t program, std::string_view why_no_report) {
    attempt("keep the recordings", [&] { keep(session, program, why_no_report); });
}

void say_written(const report_outcome& report) {
    for (const std::string& line : report.answer) say_line(answer_line(line), worth::news);
    if (!report.unseen_allocator.empty()) say(report.unseen_allocator, worth::news);
    say("Wrote HTML report to " + page_of(report), worth::news);
}

ending conclude(const concluded& what, observation& seen) {
    const auto say_missed = [&] {
        attempt(saying, [&] { say_what_was_missed(what.session, seen); });
    };
    attempt(saying, [&] { say_killed_by_sandbox(seen); });
    if (nothing_was_recorded(what.session)) {
        attempt(saying, [&] { say_nobody_joined(what.session, what.facts.what, seen); });
        say_missed();
        return seen.end;
    }
    bool by_kernel = false;
    if (what.memory)
        attempt("report that memory ran out", [&] { by_kernel = report_killed(what, seen); });
    if (what.memory && what.memory->program_is_reported()) {
        attempt("open a browser", [&] {
            if (what.asked.browser) open_in_browser(what.memory->page());
        });
        say_missed();
        return by_kernel ? ending{FIL_ENDING_EXIT, out_of_memory_status} : seen.end;
    }
    if (never_began(what.session, what.facts, seen.end)) {
        attempt(saying, [] {
            say("No report: none of the program's own code was run, or it allocated nothing.",
                worth::news);
        });
        return seen.end;
    }
    attempt(saying, [&] {
        say_cause(seen.end);
        if (what.memory) say_killed_for_memory(seen, *what.memory);
    });
    report_the_peak(what, seen);
    say_missed();
    return seen.end;
}

}  // namespace fil::cli
