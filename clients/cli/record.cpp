#include "record.hpp"

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>

#include "os/attempt.hpp"
#include "os/message.hpp"
#include "os/process.hpp"
#include "os/refusal.hpp"
#include "start/launch.hpp"
#include "start/new_session.hpp"
#include "start/program_environment.hpp"
#include "supervise/supervise.hpp"
#include "target/preload_library.hpp"

namespace fil::cli {

namespace {

constexpr const char* help =
    "Writes what a program does with memory into a file: every event, for replay.\n"
    "\n"
    "Usage: fil-profile record [OPTIONS] SCRIPT|-m MODULE|PROGRAM [ARGS]...\n"
    "\n"
    "  -o FILE          where it goes (default: trace.filtrace); it is replaced\n"
    "  --sample N       keep one block in N, with all that becomes of it\n"
    "  --python PY      run Python programs with this interpreter\n"
    "  --no-children    leave out the processes that the program starts\n"
    "\n"
    "Processes that it starts are recorded, too. The program waits where it allocates faster\n"
    "than can be written. Whatever kills it, the file holds all that came before.\n";

struct options {
    std::string file = "trace.filtrace";
    std::uint32_t sample = 1;
    std::string python;
    bool children = true;
    std::vector<std::string> words;
};

options parse(const invocation& asked) {
    options found;
    if (asked.has_output) found.file = asked.output;
    found.python = asked.python;
    found.children = asked.children;
    std::size_t at = 0;
    const auto value = [&](const std::string& name) {
        if (++at >= asked.words.size()) throw refusal(name + " needs a value");
        return asked.words[at];
    };
    for (; at < asked.words.size(); ++at) {
        const std::string& word = asked.words[at];
        if (word == "-o") {
            found.file = value(word);
        } else if (word == "--sample") {
            const std::string digits = value(word);
            const char* const end = digits.data() + digits.size();
            const auto [after, error] = std::from_chars(digits.data(), end, found.sample);
            if (error != std::errc() || after != end || found.sample == 0)
                throw refusal("--sample: '" + digits + "' is not how many blocks one is kept of");
        } else if (word == "--python") {
            found.python = value(word);
        } else if (word == "--no-children") {
            found.children = false;
        } else if (word == "-m" || !word.starts_with('-')) {
            break;
        } else {
            throw refusal("record has no option " + word + " (see fil-profile record --help)");
        }
    }
    found.words.assign(asked.words.begin() + static_cast<std::ptrdiff_t>(at), asked.words.end());
    if (found.words.empty())
        throw refusal("what should be recorded? (see fil-profile record --help)");
    return found;
}

void say_recorded(const std::string& file, const fil_trace_numbers& numbers) {
    if (numbers.events == 0) {
        say("Nothing was recorded: the program never connected, or allocated nothing.");
        return;
    }
    char line[200];
    std::snprintf(line, sizeof line, "%llu events of %llu process%s, %.1f MiB, %.2f bytes an event",
                  static_cast<unsigned long long>(numbers.events),
                  static_cast<unsigned long long>(numbers.processes),
                  numbers.processes == 1 ? "" : "es",
                  static_cast<double>(numbers.bytes) / (1 << 20),
                  static_cast<double>(numbers.bytes) / static_cast<double>(numbers.events));
    say("Wrote " + file + ": " + line + ".", worth::news);
    if (numbers.lost > 0)
        say(std::to_string(numbers.lost) +
            " events are not in it: there was no room for them, or their thread was killed.");
}

}  // namespace

ending record(const invocation& asked) {
    if (!asked.words.empty() && (asked.words[0] == "--help" || asked.words[0] == "-h")) {
        std::fputs(help, stdout);
        return {FIL_ENDING_EXIT, std::fflush(stdout) == 0 ? 0 : 1};
    }
    const options what = parse(asked);
    const environment inherited = current_environment();
    const target program_asked =
        what_is_run(what.words, what.python, find_variable(inherited, "FIL_PYTHON").value_or(""));
    preload_library library = preload_library::that_traces();
    const signal_inbox signals;
    const session_owner session = new_session();
    const std::string file = std::filesystem::absolute(what.file).string();
    fil_error error = FIL_ERROR_INIT;
    if (fil_session_record_trace(session.get(), {file.data(), file.size()}, what.sample, &error) !=
        FIL_OK)
        throw refusal(std::string("cannot write the trace: ") + error.message);
    if (asked.show_arguments) fil_session_show_arguments(session.get());
    if (asked.hide_arguments) fil_session_hide_arguments(session.get());
    // As the program runs without us: its threads, its allocators.
    environment variables = inherited;
    const program_environment ours =
        environment_of_program(inherited, library.path(), fil_session_environment(session.get()));
    for (const char* name : {"LD_PRELOAD", "FIL_SESSION"})
        set_variable(variables, std::string(name) + "=" + *find_variable(ours.all, name));
    for (const char* name : {"FIL_PYTHON", "FIL_PROGRAM"}) drop_variable(variables, name);

    const program child = launch(program_asked, variables, signals);
    if (!what.children) fil_session_leave_children_out(session.get(), child.pid);
    const auto take = [&](const observation&) { return fil_session_take_trace(session.get()); };
    observation seen = supervise(child, session.get(), signals, {std::cref(take), {}});
    attempt("see who still runs", [&] {
        for (const std::string& process : seen.memory.still_running())
            say(process + " is still running; what it does from now on is not recorded.",
                worth::news);
        if (!seen.memory.still_running().empty()) library.leave_link();
    });
    fil_trace_numbers numbers = FIL_TRACE_NUMBERS_INIT;
    const fil_status status = fil_session_finish_trace(session.get(), &numbers, &error);
    attempt("say what was recorded", [&] {
        if (status != FIL_OK) say("The trace ends early: " + std::string(error.message) + ".");
        say_recorded(what.file, numbers);
    });
    return seen.end;
}

}  // namespace fil::cli
