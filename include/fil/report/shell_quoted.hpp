#pragma once
// A command line as one could paste it into a shell: arguments with anything unusual in them are
// put between single quotes. Letters of any script are usual, as long as they are UTF-8: only ASCII
// means something to a shell. Pure functions.

#include <span>
#include <string>
#include <string_view>

#include "fil/report/utf8.hpp"

namespace fil::report {

inline std::string shell_quoted(std::string_view argument) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
    bool is_usual = !argument.empty();
    for (std::string_view left = argument; is_usual && !left.empty();) {
        const utf8_step step = next_utf8(left);
        is_usual = step.bytes > 1 ? step.valid : plain.find(left[0]) != plain.npos;
        left.remove_prefix(step.bytes);
    }
    if (is_usual) return std::string(argument);
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
