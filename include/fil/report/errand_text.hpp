#pragma once
// In words: what threads took for the user's lines, and how it is known for which. Pure functions.

#include <string>

#include "fil/report/mib_text.hpp"
#include "fil/report/your_lines.hpp"

namespace fil::report {

// "Of this, threads that worked for a line took 40.0 MiB: 30.0 MiB by the task they had in hand,
// 10.0 MiB by a guess."; "" if they took nothing.
inline std::string errands_text(const errand_bytes& took) {
    std::string parts;
    const auto add = [&](std::int64_t bytes, const char* how) {
        if (bytes <= 0) return;
        parts += (parts.empty() ? ": " : ", ") + size_text(bytes) + " " + how;
    };
    add(took.by_task, "by the task they had in hand");
    add(took.by_start, "by who started them");
    add(took.alone, "since no other line was in a library");
    add(took.by_job, "by what lay on their stacks");
    add(took.guessed, "by a guess");
    if (parts.empty()) return {};
    return "Of this, threads that worked for a line took " +
           size_text(took.by_task + took.by_start + took.alone + took.by_job + took.guessed) +
           parts + ".";
}

// Of a line, where much of it is a guess; "" otherwise.
inline std::string guessed_text(const your_line& line) {
    if (line.guessed <= line.bytes / 100) return {};
    return line.guessed == line.bytes ? "guessed" : size_text(line.guessed) + " guessed";
}

}  // namespace fil::report
