#pragma once
// What the JSON of a report calls things, for programs: these words do not change
// (docs/schema/report-1.json). Pure.

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "fil/base/ids.hpp"
#include "fil/report/conventions/all.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/ownership.hpp"

namespace fil::report {

// By frame_owner; what stands for no frame has none.
inline std::string_view owner_word(const frame& f, frame_owner owner) {
    if (stands_for_no_frame(f)) return "none";
    constexpr std::array<std::string_view, 7> words{
        "user", "library", "standard_library", "native", "none", "none", "none"};
    return words[static_cast<std::size_t>(owner)];
}

constexpr std::string_view kind_word(frame_kind kind) {
    switch (kind) {
        case frame_kind::threads:
            return "threads";
        case frame_kind::errand:
            return "errand";
        case frame_kind::process:
            return "process";
        case frame_kind::placeholder:
            return "placeholder";
        case frame_kind::compiling:
            return "compiling";
        default:
            return conventions::of(kind).word;
    }
}

constexpr std::string_view moment_word(report_kind kind) {
    constexpr std::array<std::string_view, 3> words{"peak", "out_of_memory", "now"};
    return words[static_cast<std::size_t>(kind)];
}

// Of memory that is not in the peak.
using mapping_name = std::pair<mapping_kind, const char*>;
inline constexpr std::array mappings_beside{
    mapping_name{mapping_kind::file, "file"}, mapping_name{mapping_kind::shared, "shared"},
    mapping_name{mapping_kind::reserved, "reserved"}, mapping_name{mapping_kind::arena, "arena"}};

}  // namespace fil::report
