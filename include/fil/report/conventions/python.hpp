#pragma once
// CPython's habits: how it names code without a file, where libraries are installed, and what
// starts a program. Pure functions of a frame or a path.

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>
#include <string_view>

#include "fil/report/conventions/convention.hpp"
#include "fil/report/paths.hpp"

namespace fil::report::conventions::python {

// Code without a file is the user's (a notebook's cell, exec), unless somebody generated it.
inline ownership owner_of_pseudo_file(const frame& f) {
    std::string_view name = f.file;
    name = name.substr(1, name.size() - 2);
    if (name.starts_with("frozen ")) {
        name.remove_prefix(7);
        return {frame_owner::standard_library, std::string(name.substr(0, name.find('.')))};
    }
    constexpr std::array generators{"__array_function__ internals", "attrs generated",
                                    "decorator-gen", "lambdifygenerated"};
    for (const char* generator : generators) {
        if (name.starts_with(generator)) return {frame_owner::library};
    }
    // dataclasses and namedtuple write methods such as __init__: the line that counts is the
    // one that calls them.
    const std::string_view function = f.function;
    const bool is_method = function.starts_with("__") && function.ends_with("__");
    if (name == "string" && is_method) return {frame_owner::library};
    return {frame_owner::user};
}

// What of a path lies below a directory of installed packages; "" if it lies in none.
inline std::string_view below_site_directory(std::string_view path) {
    for (const std::string_view mark : {"/site-packages/", "/dist-packages/"}) {
        if (const std::size_t at = path.rfind(mark); at != path.npos) {
            return path.substr(at + mark.size());
        }
    }
    return {};
}

inline std::string_view below_standard_library(std::string_view path) {
    for (const std::string_view mark : {"/lib/python3.", "/lib64/python3."}) {
        const std::size_t at = path.find(mark);
        if (at == path.npos) continue;
        std::size_t end = at + mark.size();
        while (end < path.size() && std::isalnum(static_cast<unsigned char>(path[end]))) ++end;
        if (end + 1 < path.size() && path[end] == '/') return path.substr(end + 1);
    }
    return {};
}

// "pandas/io/x.py" -> "pandas"; "six.py" -> "six"; an egg's name says less than what is in it.
inline std::string package_in_site(std::string_view inside) {
    const std::size_t slash = inside.find('/');
    if (slash != inside.npos && inside.substr(0, slash).ends_with(".egg")) {
        inside.remove_prefix(slash + 1);
    }
    return module_name(inside);
}

inline std::string_view inside_library(std::string_view path) {
    const std::string_view inside = below_site_directory(path);
    return inside.empty() ? below_standard_library(path) : inside;
}

inline bool is_main_script(const std::string& file, const program_facts& program) {
    return (!program.main_script.empty() && file == program.main_script) ||
           std::ranges::find(program.other_scripts, file) != program.other_scripts.end();
}

inline ownership owner_of(const frame& f, const program_facts& program) {
    if (is_pseudo_file(f.file)) return owner_of_pseudo_file(f);
    if (is_main_script(f.file, program)) return {frame_owner::user};
    const std::string path = source_path(f);
    if (const auto inside = below_site_directory(path); !inside.empty())
        return {frame_owner::library, package_in_site(inside)};
    for (const std::string& own : program.own_directories)
        if (!below(path, own).empty()) return {frame_owner::library, "filprofiler"};
    if (const auto inside = below_standard_library(path); !inside.empty())
        return {frame_owner::standard_library, module_name(inside)};
    if (path.empty()) return {frame_owner::library};
    return {frame_owner::user};
}

// runpy of `python -m`, threading's bootstrap.
inline bool starts_program(const frame& f, const frame* caller, const program_facts& program) {
    if (f.file == "<frozen runpy>") return true;
    const std::string_view file = base_name(f.file);
    if (file != "runpy.py" && file != "threading.py") return false;
    if (owner_of(f, program).owner != frame_owner::standard_library) return false;
    // Only the `run` that the bootstrap calls: Thread's own, if the user did not override it.
    return file == "runpy.py" || f.function == "_bootstrap" || f.function == "_bootstrap_inner" ||
           (f.function == "run" && caller != nullptr && caller->function == "_bootstrap_inner");
}

inline bool is_of_runpy(std::string_view file) {
    return file == "<frozen runpy>" || file.ends_with("/runpy.py");
}

// `python -m`, and directories and archives, are run by a module of Python's own,
inline bool runs_a_module(std::string_view function, std::string_view file) {
    return function == "_run_code" && is_of_runpy(file);
}

// which imports the packages that it lies in first.
inline bool finds_a_module(std::string_view function, std::string_view file) {
    return function == "_get_module_details" && is_of_runpy(file);
}

inline bool is_module_of_a_file(std::string_view function, std::string_view file) {
    return function == "<module>" && !file.starts_with("<frozen ");
}

inline constexpr program_start start = {is_module_of_a_file, finds_a_module, runs_a_module};

// `<frozen importlib._bootstrap>`, `<frozen importlib._bootstrap_external>`.
inline bool is_importer(const frame& f) {
    return f.file.starts_with("<frozen importlib._bootstrap");
}

// What CPython's source says while a module is compiled.
inline bool is_compiler(const frame& f) {
    return f.file.empty() && f.function == "[compiling]";
}

inline bool is_whole_file(const frame& f) {
    return f.function == "<module>";
}

// Neither have lambdas and comprehensions.
inline bool is_anonymous(const frame& f) {
    return f.function.starts_with('<');
}

// exec() and eval() name their code so, and what is compiled from a tree.
inline bool is_nameless_file(std::string_view file) {
    return file == "<string>" || file == "<unknown>";
}

// Code that cloudpickle sent from another process has lost its file's name (pickled_code.hpp).
inline bool is_pickled_file(std::string_view file) {
    return file == "<dynamic-code>";
}

inline bool is_interpreter(std::string_view name) {
    for (const std::string_view known : {"python", "pypy"}) {
        if (name.starts_with(known) &&
            name.find_first_not_of("0123456789.", known.size()) == name.npos)
            return true;
    }
    return false;
}

// "python3.12 -X dev big.py --fast" runs "big.py"; -c and -m run no file.
inline std::string script_of(const std::vector<std::string>& command) {
    if (command.empty() || !is_interpreter(base_name(command[0]))) return {};
    for (std::size_t i = 1; i < command.size(); ++i) {
        const std::string& word = command[i];
        if (word == "--") return i + 1 < command.size() ? command[i + 1] : std::string();
        if (word.size() < 2 || word[0] != '-') return word == "-" ? std::string() : word;
        if (word.starts_with("--")) continue;
        // Of letters that stand together, the first that takes a value takes what follows.
        const std::size_t takes = word.find_first_of("cmWX");
        if (takes == word.npos) continue;
        if (word[takes] == 'c' || word[takes] == 'm') return {};
        if (takes + 1 == word.size()) ++i;
    }
    return {};
}

// What the standard library's pools, loky's and pytest-xdist's start.
inline helper_process helper_of(std::span<const std::string> arguments) {
    constexpr helper_process worker{"multiprocessing worker", true};
    struct sign {
        std::string_view text;
        helper_process means;
    };
    constexpr std::array signs{
        sign{"multiprocessing.spawn import", worker},
        sign{"--multiprocessing-fork", worker},
        sign{"loky.backend.popen_loky", worker},
        sign{"exec(eval(sys.stdin.readline()))", {"execnet worker", true}},
        sign{"multiprocessing.forkserver import",
             {"multiprocessing fork server", true, worker.name}},
        sign{"multiprocessing.resource_tracker import", {"multiprocessing resource tracker"}},
        sign{"loky.backend.resource_tracker import", {"loky resource tracker"}}};
    for (const std::string& word : arguments) {
        for (const sign& each : signs)
            if (word.find(each.text) != word.npos) return each.means;
    }
    return {};
}

// From the script, the module or the text of a program on.
inline std::span<const std::string> without_options(std::span<const std::string> arguments) {
    while (!arguments.empty()) {
        const std::string& word = arguments.front();
        if (word.size() < 2 || word[0] != '-' || word == "-c" || word == "-m") break;
        const bool takes_next = word == "-X" || word == "-W";
        arguments = arguments.subspan(std::min<std::size_t>(takes_next ? 2 : 1, arguments.size()));
    }
    return arguments;
}

inline constexpr convention rules = {.runtime = "CPython",
                                     .word = "python",
                                     .says_line_0 = true,
                                     .no_callstack = "[No Python stack]",
                                     .beside_blocks = "interpreter, stacks",
                                     .owner_of = owner_of,
                                     .inside_library = inside_library,
                                     .starts_program = starts_program,
                                     .is_whole_file = is_whole_file,
                                     .is_anonymous = is_anonymous,
                                     .is_nameless_file = is_nameless_file,
                                     .is_importer = is_importer,
                                     .is_interpreter = is_interpreter,
                                     .script_of = script_of,
                                     .short_name = "python",
                                     .helper_of = helper_of,
                                     .without_options = without_options,
                                     .start = &start,
                                     .is_compiler = is_compiler};

}  // namespace fil::report::conventions::python
