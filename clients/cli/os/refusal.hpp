// What stops fil-profile before the program starts: one line for people and the exit status.
// Thrown by the steps of a verb, caught once in main(), which prints it. Cold.
#pragma once

#include <stdexcept>
#include <string>

namespace fil::cli {

// Exit statuses of ours; every other status is the program's.
inline constexpr int status_usage = 2;             // what was asked for makes no sense here
inline constexpr int status_not_executable = 126;  // as a shell has it
inline constexpr int status_not_found = 127;       // as a shell has it

struct refusal : std::runtime_error {
    explicit refusal(const std::string& line, int exit_status = status_usage)
        : std::runtime_error(line), status(exit_status) {}
    int status;
};

}  // namespace fil::cli
