#pragma once
// What held the peak beside the lines that are listed, in words: with these rows a list of lines
// adds up to all of it. Pure functions.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fil/report/report_model.hpp"

namespace fil::report {

struct line_rest {
    std::int64_t bytes;
    std::string text;  // "in more lines of yours"
};

// `unlisted`: rows of lines that there was no room for.
inline std::vector<line_rest> rests_of_lines(const report_model& report,
                                             std::span<const line_row> unlisted) {
    const held_by_lines& held = report.held;
    std::int64_t more = held.small_bytes;
    for (const line_row& row : unlisted) more += row.bytes;
    std::vector<line_rest> rests;
    const auto add = [&](std::int64_t bytes, std::string text) {
        if (bytes > 0) rests.push_back({bytes, std::move(text)});
    };
    add(more, "in more lines of yours");
    add(held.small_threads, "in threads of libraries");
    if (held.compiling > 0) add(held.compiling, report.frame_at(held.compiler).function);
    add(held.others - held.compiling, "not below any line of yours");
    return rests;
}

}  // namespace fil::report
