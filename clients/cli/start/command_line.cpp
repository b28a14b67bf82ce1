#include "start/command_line.hpp"

#include <fil_supervisor.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>

#include "os/refusal.hpp"

namespace fil::cli {
namespace {

constexpr const char* usage =
    "Usage: fil-profile [OPTIONS] run SCRIPT|-m MODULE|PROGRAM [ARGS]...\n"
    "       fil-profile [OPTIONS] python [ARGS]...        (it says what to profile)\n"
    "       fil-profile doctor SCRIPT|-m MODULE|PROGRAM\n"
    "       fil-profile report PATH...              (draws reports again; has --help)\n"
    "       fil-profile preload-path   (FIL_OUTPUT=DIR LD_PRELOAD=$(...) PROGRAM)\n"
    "       fil-profile run --native SCRIPT...     (Python and the C that it calls)\n"
    "       fil-profile live|snapshot PID           (while it runs; both have --help)\n"
    "       fil-profile record|replay|understand|synthesize|compare-allocators ...\n";

constexpr const char* license =
#include <license_text.inc>
    ;

constexpr const char* example =
    "In `fil-profile -o reports run script.py -v`, -o is ours, -v the program's.";

constexpr const char* snapshot_help =
    "Writes a report of a program that runs under fil-profile, and prints where it is.\n"
    "The program goes on, and is not told.\n"
    "\n"
    "Usage: fil-profile snapshot [--now|--peak] PID\n"
    "\n"
    "PID                 of fil-profile, of the program, or of a process that it started\n"
    "  --now             what is in use now (this is the default)\n"
    "  --peak            what was in use at the peak so far, as kill -USR2 does\n"
    "\n"
    "The report stands where those of that program go. Status: 0, or 1 if there is none.\n";

constexpr const char* live_help =
    "Shows on the terminal what a program that runs under fil-profile holds now.\n"
    "\n"
    "Usage: fil-profile live PID\n"
    "       fil-profile run --live SCRIPT|-m MODULE|PROGRAM [ARGS]...\n"
    "\n"
    "PID is that of fil-profile, of the program, or of a process that it started.\n"
    "With run --live, what the program writes to the terminal is kept while the view is\n"
    "on, shown in its lowest lines, and written out when it closes; the program has\n"
    "no input from the terminal meanwhile.\n"
    "\n"
    "Keys: 1 2 3 or Tab  lines, processes, callstacks    arrows, PgUp, PgDn  select\n"
    "      Enter         all of the selected row          o  sort by size or growth\n"
    "      s             a report of now, S: of the peak  ?  help\n"
    "      q             closes the view; the program goes on\n";

constexpr const char* run_help =
    "\n"
    "Before or right after `run`:\n"
    "  --native       C and C++ that Python calls, in the order of the calls\n"
    "  --live         a view of it in the terminal (fil-profile live --help)\n"
    "  --debuginfod   for native code, ask the servers of DEBUGINFOD_URLS for lines\n"
    "  --full-names   names of native functions whole, also beyond 500 characters\n";

std::string help_of(const std::string& verb, std::string of_all) {
    if (verb == "snapshot") return snapshot_help;
    if (verb == "run") return of_all + run_help;
    return verb == "live" ? live_help : std::move(of_all);
}

struct usage_formatter : CLI::Formatter {
    std::string make_usage(const CLI::App*, std::string) const override { return usage; }
};

void declare(CLI::App& app, invocation& asked) {
    app.formatter(std::make_shared<usage_formatter>());
    app.description("Finds which lines of a program hold its memory at the peak.");
    app.footer(example);
    app.set_help_flag("-h,--help")->group("");  // it is what is shown
    app.set_version_flag("--version", fil_version(), "Print the version and exit");
    app.add_flag_callback(
        "--license", [&] { asked.shown = license; }, "Print the licences and exit");
    app.add_option("-o", asked.output, "Put reports into DIR (default: fil-result)")
        ->type_name("DIR")
        ->take_last();
    app.add_flag_callback(
        "--no-browser", [&] { asked.browser = false; }, "Do not open the report in a browser");
    app.add_flag_callback(
        "--quiet", [&] { asked.quiet = true; }, "Say nothing but what went wrong");
    app.add_flag_callback(
        "--keep-thread-pools", [&] { asked.thread_pools = true; },
        "Let BLAS, OpenMP and the like use several threads");
    app.add_flag_callback(
        "--disable-oom-detection", [&] { asked.detect_out_of_memory = false; },
        "Do not end the program when memory runs out");
    app.add_flag_callback(
        "--no-children", [&] { asked.children = false; },
        "Leave out the processes that the program starts");
    app.add_flag_callback(
        "--show-arguments", [&] { asked.show_arguments = true; },
        "Show secrets too; --hide-arguments: names only");
    app.add_flag_callback("--hide-arguments", [&] { asked.hide_arguments = true; })->group("");
    app.add_flag_callback(
        "--no-recording", [&] { asked.snapshot = FIL_SNAPSHOT_NOT_KEPT; },
        "Keep no file to draw it again (--embed-sources)");
    const auto embed_sources = [&] {
        if (asked.snapshot == FIL_SNAPSHOT_KEPT) asked.snapshot = FIL_SNAPSHOT_WITH_SOURCES;
    };
    app.add_flag_callback("--embed-sources", embed_sources)->group("");
    app.add_option("--python", asked.python, "Run Python programs with this interpreter")
        ->type_name("PY")
        ->take_last();
    app.add_option_function<std::string>(
           "--peak",
           [](const std::string&) {
               throw refusal(
                   "there is no report of each process at its own peak: who held what is "
                   "remembered for one moment, that of all processes together. How high each "
                   "peak was, and when, is in the report; for one child alone, run its "
                   "command");
           })
        ->group("");
    for (const char* verb :
         {"run", "python", "doctor", "preload-path", "live", "snapshot", "report", "record",
          "replay", "understand", "synthesize", "compare-allocators"})
        app.add_subcommand(verb)->group("");  // the usage says it all
}

// The place of the verb: the first word that is neither an option of ours nor an option's value.
std::size_t place_of_verb(const CLI::App& app, std::span<const std::string> words) {
    std::size_t place = 0;
    while (place < words.size() && words[place].starts_with('-')) {
        const CLI::Option* option = app.get_option_no_throw(words[place]);
        place += option != nullptr && option->get_items_expected_max() > 0 ? 2 : 1;
    }
    return std::min(place, words.size());
}

bool has_own_help(const std::string& verb) {
    constexpr const char* verbs[] = {
        "python", "report", "record", "replay", "understand", "synthesize", "compare-allocators"};
    return std::ranges::find(verbs, verb) != std::end(verbs);
}

bool is_verb(const CLI::App& app, const std::string& word) {
    return std::ranges::any_of(app.get_subcommands({}),
                               [&](const CLI::App* verb) { return verb->get_name() == word; });
}

// What may stand right after `run`, too: nothing that is run is called like that. `run --help`
// tells.
bool take_option_of_run(const std::string& word, invocation& asked) {
    if (word == "--live") return asked.live = true;
    if (word == "--native") return asked.native = true;
    if (word == "--debuginfod") return (asked.names |= FIL_NAMES_FROM_SERVERS) != 0;
    if (word == "--full-names") return (asked.names |= FIL_NAMES_WHOLE) != 0;
    return false;
}

}  // namespace

invocation parse_command_line(const std::vector<std::string>& words) {
    invocation asked;
    CLI::App app;
    declare(app, asked);

    const std::size_t place = place_of_verb(app, words);
    std::vector<std::string> ours(words.rend() - static_cast<std::ptrdiff_t>(place), words.rend());
    std::erase_if(ours, [&](const std::string& word) { return take_option_of_run(word, asked); });
    try {
        app.parse(ours);  // CLI11 wants the last word first
    } catch (const CLI::CallForHelp&) {
        asked.shown = app.help();
        return asked;
    } catch (const CLI::CallForVersion&) {
        asked.shown = std::string(fil_version()) + "\n";
        return asked;
    } catch (const CLI::ParseError& error) {
        throw refusal(std::string(error.what()) + " (see fil-profile --help)");
    }
    if (!asked.shown.empty()) return asked;  // --license
    if (words.empty()) {
        asked.shown = app.help();
        return asked;
    }
    if (place == words.size()) throw refusal("what should be run? (see fil-profile --help)");
    if (!is_verb(app, words[place]))
        throw refusal("there is no command '" + words[place] +
                      "'; to run a program: fil-profile run " + words[place]);
    asked.verb = words[place];
    asked.has_output = app.count("-o") > 0;
    const auto next = place + 1 < words.size() ? words[place + 1] : "";
    if (!has_own_help(asked.verb) && (next == "--help" || next == "-h")) {
        asked.shown = help_of(asked.verb, app.help());
        asked.verb.clear();
        return asked;
    }
    std::size_t first = place + 1;
    while (asked.verb == "run" && first < words.size() && take_option_of_run(words[first], asked))
        ++first;
    asked.words.assign(words.begin() + static_cast<std::ptrdiff_t>(first), words.end());
    return asked;
}

}  // namespace fil::cli
