#include "doctor.hpp"

#include <cstdio>

#include "fil/report/mib_text.hpp"
#include "os/descriptor.hpp"
#include "os/limits.hpp"
#include "os/message.hpp"
#include "os/refusal.hpp"
#include "os/search_path.hpp"
#include "os/standard_descriptors.hpp"
#include "start/launch.hpp"
#include "start/new_session.hpp"
#include "start/output_directory.hpp"
#include "start/program_environment.hpp"
#include "supervise/supervise.hpp"
#include "target/executable.hpp"
#include "target/preload_library.hpp"
#include "target/shebang.hpp"
#include "target/target.hpp"

namespace fil::cli {
namespace {

void tell(const char* name, const std::string& text) {
    std::printf("%-14s%s\n", name, harmless(text).c_str());
}

// What runs the program's code: a native program itself, Python, or what a script's #! leads to.
std::string image_of(const target& what) {
    std::string image = what.path;
    if (what.is_python) return image;
    for (int depth = 0; depth < 5; ++depth) {
        const auto line = parse_shebang(head_of_file(image));
        if (!line) break;
        image = line->command.find('/') == std::string::npos ? find_on_path(line->command)
                                                             : line->command;
    }
    return image;
}

std::string description(const target& what, const std::string& image, bool is_python) {
    const std::string& name = what.arguments.front();
    if (!what.script.empty()) return what.script + ", a Python script, run by " + image;
    if (what.is_python) return "Python code, run by " + image;
    if (image != what.path)
        return name + (is_python ? ", a Python script, run by " : ", a script, run by ") + image;
    return name + ", " + (is_python ? "a Python" : "a native program");
}

target trial_of(const std::string& image, bool is_python) {
    // -I -S: nothing of the user's is run. Some lines are, so that there is a callstack to read.
    target tried;
    tried.path = is_python ? image : "/proc/self/exe";
    if (is_python)
        tried.arguments = {image, "-I", "-S", "-c", "kept = [[number] for number in range(1000)]"};
    else
        tried.arguments = {"fil-profile", "--version"};
    return tried;
}

struct trial_result {
    bool is_recorded = false;
    std::string runtime;  // "CPython 3.12.1"
    std::string note;     // "CPython 3.8.18 is older than 3.9: ..."
    std::string why_not;
};

// Of the process that came to be Python, if one did: a shim of pyenv is a shell first.
trial_result recorded(fil_session* session) {
    char refused[400] = "";
    trial_result result;
    fil_process process = FIL_PROCESS_INIT;
    for (std::size_t i = 0; fil_session_process(session, i, &process) == FIL_OK; ++i) {
        result.is_recorded = result.is_recorded || process.peak > 0;
        if (process.runtime.length == 0) continue;
        result.runtime = {process.runtime.data, process.runtime.length};
        result.note = {process.note.data, process.note.length};
    }
    if (fil_session_refused(session, refused, sizeof refused) > 0) {
        result.why_not = refused;
        // A shell before Python may have been recorded, and Python not.
        result.is_recorded = result.is_recorded && !result.runtime.empty();
    } else if (!result.is_recorded) {
        result.why_not =
            "it does not connect: something removes LD_PRELOAD, or keeps our library "
            "from being loaded";
    }
    return result;
}

trial_result try_out(const target& trial, const environment& inherited,
                     const preload_library& library) {
    if (!descriptor_room(descriptors_for_a_session).is_whole()) {
        trial_result none;
        none.why_not = too_few_descriptors();
        return none;
    }
    const signal_inbox signals;
    const session_owner session = new_session();
    const program_environment variables =
        environment_of_program(inherited, library.path(), fil_session_environment(session.get()));
    std::fflush(stdout);
    const silenced_stdout while_it_runs;  // ours it is
    const program child = launch(trial, variables.all, signals);
    take_all_that_is_allowed();
    supervise(child, session.get(), signals);
    return recorded(session.get());
}

std::string how_recorded(const target& what, const trial_result& trial, bool is_python) {
    if (!trial.is_recorded) return "no: " + trial.why_not;
    if (!what.why_unrecorded.empty())
        return "no: " + what.why_unrecorded + "; what it starts is, if it can be";
    if (!is_python) return "yes";
    if (trial.runtime.empty())
        return "yes, by native callstacks only: no CPython of 3.9 or later is run";
    if (!trial.note.empty()) return "yes, by native callstacks only: " + trial.note;
    return "yes, with the callstacks of " + trial.runtime;
}

void tell_environment(const environment& inherited, bool thread_pools) {
    program_environment variables = environment_of_program(inherited, "", "");
    if (!thread_pools) turn_thread_pools_off(variables);
    std::string names;
    for (const std::string& variable : variables.set_by_us) {
        if (variable.starts_with("LD_PRELOAD=") || variable.starts_with("FIL_")) continue;
        names += (names.empty() ? "" : " ") + variable;
    }
    if (!names.empty()) tell("set for it", names);
}

void tell_limits(bool detect_out_of_memory) {
    if (const auto space = limit_of_address_space())
        tell("limit", "address space is limited to " +
                          report::size_text(static_cast<long long>(*space)) +
                          " (ulimit -v); recording takes a few MiB of it in each process");
    if (!descriptor_room(descriptors_for_joining_and_reporting).is_whole())
        tell("limit", too_few_descriptors());
    if (!detect_out_of_memory) tell("memory", "that it runs out is not watched for");
}

}  // namespace

int doctor(const invocation& asked) {
    const environment inherited = current_environment();
    const target what =
        what_is_run(asked.words, asked.python, find_variable(inherited, "FIL_PYTHON").value_or(""));
    const preload_library library;
    const std::string image = image_of(what);
    const bool is_python = what.is_python || cli::is_python(image);
    tell("program", description(what, image, is_python));

    const trial_result trial = try_out(trial_of(image, is_python), inherited, library);
    tell("recorded", how_recorded(what, trial, is_python));
    int status = trial.is_recorded ? 0 : 1;
    tell_limits(asked.detect_out_of_memory);
    tell_environment(inherited, asked.thread_pools);
    try {
        tell("reports go to", output_directory(asked.output).path());
    } catch (const refusal& refused) {
        tell("reports", refused.what());
        status = 1;
    }
    return std::fflush(stdout) == 0 ? status : 1;
}

}  // namespace fil::cli
