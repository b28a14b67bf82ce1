#include "run.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "conclude.hpp"
#include "live/live_screen.hpp"
#include "os/attempt.hpp"
#include "os/descriptor.hpp"
#include "os/limits.hpp"
#include "os/message.hpp"
#include "os/process.hpp"
#include "os/readable.hpp"
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
[[noreturn]] void run_unrecorded(const target& what, environment variables,
                                 const std::string& why) {
    say("No report: " + what.arguments.front() + " runs unrecorded, since " + why + ".");
    finish_saying();
    drop_variable(variables, "FIL_PYTHON");
    become(what, variables);
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

// Everything that the supervisor does once a program is in its hands (os/attempt.hpp).
void see_through(const invocation& asked, const environment& inherited, fil_session* session,
                 const program& child, const program_facts& facts, const signal_inbox& signals,
                 live_screen* screen, preload_library& library, std::optional<ending>& end) {
    if (!asked.children) fil_session_leave_children_out(session, child.pid);
    live_reports meanwhile(session, facts, signals, say_written_meanwhile);
    take_all_that_is_allowed();
    std::optional<out_of_memory> memory;
    attempt("watch for low memory", [&] {
        if (!asked.detect_out_of_memory) return;
        const descriptor_room room(descriptors_for_joining_and_reporting);
        memory.emplace(session, find_variable(inherited, "FIL_SYSTEM_ROOT").value_or(""), child.pid,
                       out_of_memory::parent::us);
        if (!room.is_whole() || !descriptor_room(1).is_whole())
            say("That memory runs low may go unnoticed: " + too_few_descriptors() + ".");
    });
    const auto look_at_memory = [&](const observation& now) {
        memory->judge(now.memory);
        memory->hear([&](const ran_out_of_memory& process) {
            const report_request request(facts, now, process);
            return make_report(session, request.contents(), signals);
        });
        return memory->longest_wait();
    };
    constexpr const char* look_after = "look after the program as it should";
    const auto look = [&](const observation& now) {
        int wait = 1000;
        attempt(look_after, [&] { wait = meanwhile.look(now); });
        attempt(look_after, [&] {
            if (memory) wait = std::min(wait, look_at_memory(now));
        });
        return screen != nullptr ? std::min(wait, screen->look()) : wait;
    };
    const auto ask = [&](const observation& now) { meanwhile.ask(now.seconds); };
    const auto stop = [&](int number) {
        if (screen != nullptr) screen->stop(number);
    };
    const auto go_on = [&] {
        if (screen != nullptr) screen->go_on();
    };
    observation seen =
        supervise(child, session, signals,
                  {std::cref(look), std::cref(ask), {std::cref(stop), std::cref(go_on)}});
    end = seen.end;
    attempt("close the view", [&] {
        if (screen != nullptr) screen->finish();
    });
    attempt("finish a report", [&] { meanwhile.finish(); });
    attempt(look_after, [&] {
        if (!seen.memory.still_running().empty()) library.leave_link();
    });
    end = conclude({session, asked, facts, signals, memory}, seen);
}

// Where nothing else is left to do.
ending wait_for_ending(const program& child, fil_session* session) {
    for (;;) {
        if (const auto end = take_ending(child.pid)) return *end;
        fil_session_serve(session);
        wait_until_readable({child.ended.get(), fil_session_descriptor(session)}, 100);
    }
}

ending run_recorded(const invocation& asked, const environment& inherited, const target& what,
                    const signal_inbox& signals) {
    preload_library library;
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
    const std::vector<std::string> shown = shown_words(asked);
    start_keeper(session.get(), output.path());
    const auto screen = wanted_screen(asked);
    const program child = launch(what, variables.all, signals, [&] {
        if (screen) screen->cover();
    });
    if (screen) screen->start(signals);
    const program_facts facts{output.path(), shown, what,           variables.set_by_us, child.pid,
                              started_ns,    false, asked.snapshot, asked.names};
    std::optional<ending> end;
    const bool is_done = attempt("supervise the program", [&] {
        see_through(asked, inherited, session.get(), child, facts, signals, screen.get(), library,
                    end);
    });
    if (!end) end = wait_for_ending(child, session.get());
    if (!is_done) keep_what_was_recorded(session.get(), child.pid, "fil-profile failed");
    return *end;
}

}  // namespace

ending run(const invocation& asked) {
    const environment inherited = current_environment();
    const std::string package_python = find_variable(inherited, "FIL_PYTHON").value_or("");
    const target what = what_is_run(asked.words, asked.python, package_python);
    if (!descriptor_room(descriptors_for_a_session).is_whole())
        run_unrecorded(what, inherited, too_few_descriptors());
    // Before the first file is made: where none may grow, that is a signal too.
    const signal_inbox signals;
    try {
        return run_recorded(asked, inherited, what, signals);
    } catch (const std::bad_alloc&) {  // nothing was started yet
        signals.restore_inherited();
        run_unrecorded(what, inherited, "there is not enough memory for fil-profile");
    }
}

}  // namespace fil::cli
