#pragma once
// A study of a trace, with the names of its lines: as a text, as JSON, and as a page.
//
// Cold; pure.

#include <string>
#include <vector>

#include "fil/trace/trace_study.hpp"

namespace fil::report {

struct study_report {
    std::string title;  // of the process: "4711 python3 load.py"
    std::string trace;  // its file, as the reader calls it
    std::uint32_t sample = 1;
    std::vector<std::string> names;  // by group
    const trace::trace_study* study;
};

// Groups by all their bytes, largest first; those that took nothing are left out.
inline std::vector<std::uint32_t> busiest_groups(const trace::trace_study& study) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < study.groups().size(); ++i)
        if (study.groups()[i].all.count > 0 || study.groups()[i].peak > 0) order.push_back(i);
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
        const trace::study_group &first = study.groups()[a], &second = study.groups()[b];
        if (first.all.bytes != second.all.bytes) return first.all.bytes > second.all.bytes;
        return first.peak != second.peak ? first.peak > second.peak : a < b;
    });
    return order;
}

// The class in which the middle of them lies; 0 if there is nothing.
template <typename Counts>
std::size_t middle_class(const Counts& counts) {
    std::uint64_t all = 0, seen = 0;
    const auto count_of = [](const auto& one) -> std::uint64_t {
        if constexpr (requires { one.count; })
            return one.count;
        else
            return one;
    };
    for (const auto& one : counts) all += count_of(one);
    for (std::size_t i = 0; i < counts.size(); ++i)
        if ((seen += count_of(counts[i])) * 2 >= all && all > 0) return i;
    return 0;
}

// Twenty lines at most, each with its bytes and share.
std::string lines_text(const std::vector<std::string>& names,
                       const std::vector<std::uint64_t>& bytes);
std::string study_text(const study_report& of);
std::string study_json(const study_report& of);
std::string study_page(const study_report& of);

}  // namespace fil::report
