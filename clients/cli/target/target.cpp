#include "target/target.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "os/refusal.hpp"
#include "os/search_path.hpp"
#include "target/executable.hpp"
#include "target/shebang.hpp"
#include "target/which_python.hpp"

namespace fil::cli {
namespace {

using words = std::vector<std::string>;

bool has_slash(const std::string& word) {
    return word.find('/') != std::string::npos;
}

target with_python(const interpreter& python, const words& arguments) {
    target result{python.path, {python.name}, {}, {}, true};
    result.arguments.insert(result.arguments.end(), arguments.begin(), arguments.end());
    return result;
}

// Whether Python could make something of it: source has no zero bytes; a zip archive and compiled
// code (whose version number ends in "\r\n") have.
bool may_be_python(const std::string& head) {
    return head.find('\0') == head.npos || head.starts_with("#!") || head.starts_with("PK") ||
           head.find("\r\n") == 2;
}

target python_script(const interpreter& python, const words& arguments) {
    if (!may_be_python(head_of_file(arguments.front())))
        throw refusal("cannot run " + arguments.front() +
                      ": it is neither a program for this machine nor a Python script");
    target result = with_python(python, arguments);
    result.script = arguments.front();
    result.script_path = absolute(arguments.front());
    return result;
}

// An init or a change of user (tini, gosu), linked statically so that it runs everywhere: a word
// names the program that it is to start.
bool starts_another(const words& arguments) {
    return std::any_of(arguments.begin() + 1, arguments.end(), [](const std::string& word) {
        if (word.empty() || word.starts_with('-')) return false;
        const std::string path = has_slash(word) ? word : find_on_path(word);
        return is_file(path) && is_executable(path);
    });
}

// The file itself and, as the kernel does it, the interpreters that its #! and theirs name.
void refuse_unusable(target& what) {
    const std::string &path = what.path, &shown = what.arguments.front();
    std::string image = path;
    for (int depth = 0; depth < 5; ++depth) {
        if (image != path && !is_executable(image))
            throw refusal("cannot run " + shown + ": its #! names " + image + ", which " +
                          why_not_executable(image));
        const executable file = inspect_executable(image);
        if (file.passes_on && starts_another(what.arguments)) {
            what.why_unrecorded = file.why;
            return;
        }
        if (file.kind == executable_kind::unusable)
            throw refusal("cannot profile " + shown + (image == path ? "" : " (by " + image + ")") +
                          ": " + file.why);
        const auto line = parse_shebang(head_of_file(image));
        if (!line) return;
        image = line->interpreter;
    }
}

// An executable as itself; `first.path` has a slash, so that exec and a script's shell find it
// here.
target as_itself(const std::string& path, const words& arguments) {
    if (!is_executable(path)) throw refusal(arguments.front() + " is not executable");
    target result{path, arguments, {}, {}, false};
    refuse_unusable(result);
    return result;
}

// What may be executed and not read is a program: of a script, its interpreter reads the file.
bool runs_as_itself(const std::string& path) {
    if (!is_readable(path) && is_executable(path)) return true;
    if (inspect_executable(path).kind != executable_kind::not_elf) return true;
    const auto line = parse_shebang(head_of_file(path));
    return line && !is_python(line->command);
}

bool is_python_directory(const std::string& path) {
    return is_directory(path) && exists(path + "/__main__.py");
}

[[noreturn]] void refuse_directory(const std::string& path) {
    throw refusal(path + " is a directory without a __main__.py");
}

// A command of a virtual environment (`.venv/bin/pytest`): its #! names a python beside it, and
// with another it would not find its package.
bool is_command_of_an_environment(const std::string& path) {
    const auto line = parse_shebang(head_of_file(path));
    if (!line || !is_python(line->command) || !is_executable(path)) return false;
    const auto folder = std::filesystem::path(absolute(path)).parent_path().lexically_normal();
    return std::filesystem::path(line->interpreter).parent_path() == folder;
}

// What nobody would call a command: a missing one is a missing script.
bool names_a_script(const std::string& name) {
    return name.ends_with(".py") || name.ends_with(".pyz");
}

// A command on PATH whose #! names a python was installed for that one: as the shell would run it,
// unless the user asked for another.
target command(const words& arguments, const std::string& python, const std::string& package) {
    const std::string path = find_on_path(arguments.front());
    if (path.empty() && is_directory(arguments.front())) refuse_directory(arguments.front());
    if (path.empty())
        throw refusal(arguments.front() + ": no such file, and no such command on PATH",
                      names_a_script(arguments.front()) ? status_usage : status_not_found);
    if (runs_as_itself(path) || (python.empty() && parse_shebang(head_of_file(path))))
        return as_itself(path, arguments);
    words script = arguments;
    script.front() = path;
    return python_script(which_python(python, package), script);
}

// What Python runs that is in no file: a module ("-m", its name in the next word or in the same
// one, as Python takes it), code on the command line ("-c"), and what comes through stdin ("-").
bool is_pythons_option(const std::string& word) {
    return word.starts_with("-m") || word.starts_with("-c") || word == "-";
}

void refuse_options(const words& arguments) {
    if (arguments.empty())
        throw refusal(
            "what should be run? a SCRIPT, -m MODULE or a program (see fil-profile --help)");
    if (arguments.front() == "-m") {
        if (arguments.size() < 2) throw refusal("-m: which module?");
    } else if (arguments.front() == "-c") {
        if (arguments.size() < 2) throw refusal("-c: which code?");
    } else if (arguments.front().starts_with('-') && !is_pythons_option(arguments.front())) {
        throw refusal("'" + arguments.front() +
                      "' is no program; options of fil-profile stand before the command");
    }
}

}  // namespace

target what_is_run(const words& arguments, const std::string& python,
                   const std::string& package_python) {
    refuse_options(arguments);
    const std::string& first = arguments.front();
    if (is_pythons_option(first))
        return with_python(which_python(python, package_python), arguments);

    const std::string missing = why_not_there(first);
    if (!has_slash(first) &&
        (!missing.empty() || (is_directory(first) && !is_python_directory(first))))
        return command(arguments, python, package_python);
    if (!missing.empty()) throw refusal(first + ": " + missing);
    if (!is_readable(first) && !is_executable(first))
        throw refusal(first + ": " + std::strerror(EACCES));
    if (is_directory(first) && !is_python_directory(first)) refuse_directory(first);
    if (runs_as_itself(first) || (python.empty() && is_command_of_an_environment(first)))
        return as_itself(has_slash(first) ? first : std::string("./").append(first), arguments);
    return python_script(which_python(python, package_python), arguments);
}

}  // namespace fil::cli
