#pragma once
// What a report must know of a runtime: whose code a frame is, what starts a program, how to say it
// shorter. Everything else in report/ knows no language.
//
// Chosen by the kind of a frame's function (all.hpp). A runtime of another kind adds a header
// beside the others and a line in all.hpp; a kind that nobody wrote one for is judged by `others`:
// its functions are the user's own. Pure functions of a frame and the facts of the program.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/facts.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/ownership.hpp"

namespace fil::report::conventions {

// What a library of the runtime starts beside the program, a pool's worker say.
struct helper_process {
    std::string_view name = {};   // "multiprocessing worker"; "": it is none
    bool is_of_pool = false;      // works for who started it
    std::string_view forks = {};  // of a server: what those are called that it makes
};

// How the callstacks of a program that began differ from those of one that did not: each is asked
// of a function and its file.
struct program_start {
    bool (*is_whole_file)(std::string_view function, std::string_view file);
    // Of the runtime's own: looks for the program, runs it.
    bool (*finds)(std::string_view function, std::string_view file);
    bool (*runs)(std::string_view function, std::string_view file);
};

struct convention {
    // How the fact "runtime" begins in a program of it: "CPython"; "": it is none.
    std::string_view runtime = {};
    // How tools' files call the kind of its frames.
    std::string_view word = "announced";
    // A line that is not known is said all the same, as 0: tools parse it.
    bool says_line_0 = false;
    // What stands for a callstack of which nothing is known.
    std::string_view no_callstack = "[no callstack]";
    // What is resident beside the blocks that are counted.
    std::string_view beside_blocks = "the program\u2019s data, stacks";

    ownership (*owner_of)(const frame&, const program_facts&) =
        [](const frame&, const program_facts&) { return ownership{frame_owner::user}; };
    // What of a library's path says which file it is: from its package on; "" if all does.
    std::string_view (*inside_library)(std::string_view path) = [](std::string_view) {
        return std::string_view{};
    };
    // Does a frame only start the program, given that nothing but such frames called it?
    bool (*starts_program)(const frame&, const frame* caller, const program_facts&) =
        [](const frame&, const frame*, const program_facts&) { return false; };
    // The parts of a function's name, without what follows it and stands in brackets, of which the
    // first ones may be left out: "arrow::", "compute::", "Call".
    std::vector<std::string> (*name_parts)(std::string_view function) =
        [](std::string_view function) { return std::vector{std::string(function)}; };
    // A file's own code, outside of all functions: the file says more than the function's name.
    bool (*is_whole_file)(const frame&) = [](const frame&) { return false; };
    // It has no name of its own: what the runtime calls it says nothing beside its place.
    bool (*is_anonymous)(const frame&) = [](const frame&) { return false; };
    // Code that was made while the program ran, by somebody who gave it no name.
    bool (*is_nameless_file)(std::string_view file) = [](std::string_view) { return false; };
    // Looks for and loads modules.
    bool (*is_importer)(const frame&) = [](const frame&) { return false; };
    // A program that runs scripts, by its name: "python3.12".
    bool (*is_interpreter)(std::string_view name) = [](std::string_view) { return false; };
    // Of a command line: the file that it runs, as typed; "" if it runs none, or it is not of this
    // runtime.
    std::string (*script_of)(const std::vector<std::string>& command) =
        [](const std::vector<std::string>&) { return std::string(); };
    // What stands for the interpreter in a process's name: "python"; "": its command line as it is.
    std::string_view short_name = {};
    // Of the words behind the interpreter: which helper they start; those from the program on.
    helper_process (*helper_of)(std::span<const std::string> arguments) =
        [](std::span<const std::string>) { return helper_process{}; };
    std::span<const std::string> (*without_options)(std::span<const std::string> arguments) =
        [](std::span<const std::string> arguments) { return arguments; };
    // NULL: whether a program began is not told.
    const program_start* start = nullptr;
    // Stands for the time in which a module is compiled.
    bool (*is_compiler)(const frame&) = [](const frame&) { return false; };
};

}  // namespace fil::report::conventions
