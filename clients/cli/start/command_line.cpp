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
    "       fil-profile preload-path   (FIL_OUTPUT=DIR LD_PRELOAD=$(...) PROGRAM)\n";

constexpr const char* license =
#include <license_text.inc>
    ;

constexpr const char* examples =
    "Examples:\n"
    "  fil-profile run script.py --its option     a Python script and its arguments\n"
    "  fil-profile -o reports run -m package.app  a Python module; report in reports/\n"
    "While a program runs, kill -USR2 to fil-profile reports the peak so far.\n"
    "Options stand before the command; everything after it is the program's.";

struct usage_formatter : CLI::Formatter {
    std::string make_usage(const CLI::App*, std::string) const override { return usage; }
};

void declare(CLI::App& app, invocation& asked) {
    app.formatter(std::make_shared<usage_formatter>());
    app.description("Finds which lines of a program hold its memory at the peak.");
    app.footer(examples);
    app.set_help_flag("-h,--help", "Print this help and exit");
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
        "Show secrets (--password=x) in reports as they are");
    app.add_option("--python", asked.python, "Run Python programs with this interpreter")
        ->type_name("PY")
        ->take_last();
    for (const char* verb : {"run", "python", "doctor", "preload-path"})
        app.add_subcommand(verb)->group("");  // the usage and the examples say it all
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

bool is_verb(const CLI::App& app, const std::string& word) {
    return std::ranges::any_of(app.get_subcommands({}),
                               [&](const CLI::App* verb) { return verb->get_name() == word; });
}

}  // namespace

invocation parse_command_line(const std::vector<std::string>& words) {
    invocation asked;
    CLI::App app;
    declare(app, asked);

    const std::size_t place = place_of_verb(app, words);
    std::vector<std::string> ours(words.rend() - static_cast<std::ptrdiff_t>(place), words.rend());
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
    // What runs is never called like that. (Python has a help of its own.)
    const auto next = place + 1 < words.size() ? words[place + 1] : "";
    if (asked.verb != "python" && (next == "--help" || next == "-h")) {
        asked.verb.clear();
        asked.shown = app.help();
        return asked;
    }
    asked.words.assign(words.begin() + static_cast<std::ptrdiff_t>(place) + 1, words.end());
    return asked;
}

}  // namespace fil::cli
