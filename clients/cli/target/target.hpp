// What is run: the words after `run` become a path and an argv. An ELF file, and a script whose #!
// is not python's, run as themselves; any other existing file is a Python script; a name without a
// slash that is no file here is a command on PATH. What cannot work is refused before it starts.
#pragma once

#include <string>
#include <vector>

namespace fil::cli {

struct target {
    std::string path;                    // for exec
    std::vector<std::string> arguments;  // argv, its [0] first
    std::string script;                  // the Python script as typed; empty if it is none
    std::string script_path;             //   and its absolute path
    bool is_python = false;              // Python runs it, a script or not
    std::string why_unrecorded{};        // itself; but it starts what can be recorded
};

// `python` is the value of --python, `package_python` that of FIL_PYTHON. Throws refusal.
target what_is_run(const std::vector<std::string>& words, const std::string& python,
                   const std::string& package_python);

}  // namespace fil::cli
