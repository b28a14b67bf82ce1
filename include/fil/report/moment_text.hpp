#pragma once
// What a report says of the moment that it is of: the peak, when memory ran out, or when it was
// asked for. Pure.

#include <array>
#include <cstddef>
#include <string_view>

#include "fil/report/facts.hpp"

namespace fil::report {

struct moment_text {
    std::string_view word;    // in the page's model
    std::string_view in_use;  // after a number
    std::string_view at;      // "alive at the peak"
    std::string_view title;   // of the page, after a number
    std::string_view lines;   // "Your lines that held the peak"
    std::string_view graph;   // an SVG's title
    std::string_view files;   // what their names begin with
};

inline const moment_text& text_of_moment(report_kind kind) {
    static constexpr std::array<moment_text, 3> texts = {
        {{"peak", "peak", "at the peak", "", "that held the peak", "Peak Tracked Memory Usage",
          "peak-memory"},
         {"oom", "in use when memory ran out", "when memory ran out", " when memory ran out",
          "that held memory when it ran out", "Current allocations at out-of-memory time",
          "out-of-memory"},
         {"now", "in use now", "at this moment", " now", "that hold memory now",
          "Tracked Memory Usage Now", "memory-now"}}};
    return texts[static_cast<std::size_t>(kind)];
}

}  // namespace fil::report
