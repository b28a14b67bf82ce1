#pragma once
// What a study says, in words that its text and its page share. Pure.

#include <string>
#include <vector>

#include "fil/report/mib_text.hpp"
#include "report/study_report.hpp"

namespace fil::report {

// "64 B", "32 KiB": the highest of the class.
inline std::string size_class_text(std::size_t at) {
    constexpr const char* units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    return std::to_string(1ull << at % 10) + units[std::min<std::size_t>(at / 10, 4)];
}

// Of a class of milliseconds + 1: the clock knows no less.
inline std::string time_class_text(std::size_t at) {
    if (at == 0) return "< 1 ms";
    const std::uint64_t below = 1ull << at;
    return "< " + (below < 1000 ? std::to_string(below) + " ms"
                                : seconds_text(static_cast<double>(below) / 1000));
}

// Of bytes that were asked for meanwhile.
inline std::string life_class_text(std::size_t at) {
    return at == 0 ? "nothing" : size_class_text(at);
}

// Half of what went, went before so many bytes had been asked for.
inline std::string middle_life_text(const trace::study_group& one) {
    std::uint64_t gone = 0;
    for (const std::uint32_t each : one.lives) gone += each;
    return gone == 0 ? "stays" : life_class_text(middle_class(one.lives));
}

inline std::vector<std::string> study_sentences(const study_report& of) {
    const trace::trace_study& study = *of.study;
    const auto count = [](std::uint64_t number) {
        return with_commas(static_cast<std::int64_t>(number));
    };
    const auto size = [](std::uint64_t bytes) {
        return size_text(static_cast<std::int64_t>(bytes));
    };
    const auto share = [&](std::uint64_t part) {
        return share_text(static_cast<std::int64_t>(part),
                          static_cast<std::int64_t>(study.all().count));
    };
    std::vector<std::string> all;
    all.push_back(count(study.all().count) + " blocks, " + size(study.all().bytes) +
                  " in all, in " + seconds_text(static_cast<double>(study.milliseconds()) / 1000) +
                  "; at most " + size_text(study.peak()) + " at once, after " +
                  seconds_text(static_cast<double>(study.peak_ms()) / 1000) + ".");
    if (of.sample > 1)
        all.push_back("One block in " + std::to_string(of.sample) +
                      " was recorded; the numbers are of those.");
    if (study.all().count == 0) return all;
    all.push_back("Half of the blocks are of " + size_class_text(middle_class(study.sizes())) +
                  " or less; " + count(study.at_end().count) + " are there to the end.");
    all.push_back(count(study.temporary().count) + " (" + share(study.temporary().count) +
                  ") are temporary: their thread frees them before it asks for another.");
    if (study.handed_over().count > 0) {
        all.push_back(count(study.handed_over().count) + " (" + share(study.handed_over().count) +
                      ") are freed by another thread than the one that asked, " +
                      size(study.handed_over().bytes) + ".");
    }
    if (study.moved().count > 0) {
        const auto longest = study.chains().empty() ? 1 : study.chains().rbegin()->first;
        all.push_back(count(study.moved().count) + " times a block is reallocated, one of them " +
                      count(longest) + (longest == 1 ? " time" : " times") + "; up to " +
                      size(study.moved().bytes) + " are copied.");
    }
    std::string hot;
    for (const auto& [bytes, times] : study.hot_sizes(5))
        hot += (hot.empty() ? "" : ", ") + count(bytes) + " B (" + share(times) + ")";
    all.push_back("Most asked for: " + hot + ".");
    return all;
}

}  // namespace fil::report
