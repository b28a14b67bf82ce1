// Which python runs a Python program: the one that --python names; else that of the package
// fil-profile belongs to, whose entry point says so in FIL_PYTHON; else python or python3 on PATH.
#pragma once

#include <string>

namespace fil::cli {

struct interpreter {
    std::string path;  // what is executed: links stay, a virtual environment is known by them
    std::string name;  // its argv[0], as if the user had typed it
};

// `asked` is the value of --python, empty if not given; `package` that of FIL_PYTHON. Throws
// refusal.
interpreter which_python(const std::string& asked, const std::string& package);

}  // namespace fil::cli
