#pragma once
// A command line as one could paste it into a shell: arguments with anything unusual in them are
// put between single quotes. Pure functions.

#include <span>
#include <string>
#include <string_view>

namespace fil::report {

inline std::string shell_quoted(std::string_view argument) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
    if (!argument.empty() && argument.find_first_not_of(plain) == argument.npos) {
        return std::string(argument);
    }
    std::string quoted = "'";
    for (const char c : argument) quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return quoted + "'";
}

inline std::string shell_quoted(std::span<const std::string> arguments) {
    std::string line;
    for (const std::string& argument : arguments) {
        if (!line.empty()) line += ' ';
        line += shell_quoted(std::string_view(argument));
    }
    return line;
}

}  // namespace fil::report
