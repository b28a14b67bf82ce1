// The first line of a script, "#!interpreter argument": which interpreter it names, looked at
// through /usr/bin/env. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fil::cli {

struct shebang {
    std::string interpreter;  // what the kernel starts
    std::string command;      // what that starts in the end: the same, or what env looks up
};

// `head` is the beginning of a file; nothing if it is not a #! line.
std::optional<shebang> parse_shebang(std::string_view head);

// Whether a command is Python's: python, python3, python3.13, python3.13t, python3-dbg, with any
// path.
bool is_python(std::string_view command);

}  // namespace fil::cli
