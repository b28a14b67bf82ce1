#include "fil/report/answer_row.hpp"
#include "fil/report/mib_text.hpp"
#include "report/study_report.hpp"
#include "report/study_words.hpp"

namespace fil::report {
namespace {

// Share of blocks, share of bytes, a bar of the former.
std::string row(const std::string& name, const trace::tally& one, const trace::tally& all) {
    return "  " + padded(name, 14) + " " +
           padded(share_text(static_cast<std::int64_t>(one.count),
                             static_cast<std::int64_t>(all.count)),
                  8) +
           " " +
           padded(share_text(static_cast<std::int64_t>(one.bytes),
                             static_cast<std::int64_t>(all.bytes)),
                  8) +
           "  " + std::string(one.count * 40 / std::max<std::uint64_t>(all.count, 1), '#') + "\n";
}

template <typename Name>
std::string histogram(const std::string& head, const trace::tallies& classes,
                      const trace::tally& all, Name name) {
    std::string text = "\n" + head +
                       padded("of blocks", 27 - std::min<std::size_t>(head.size(), 17)) +
                       " of bytes\n";
    // By fours: a terminal is not high.
    for (std::size_t i = 0; i < classes.size(); i += 2) {
        trace::tally both = classes[i];
        both.count += classes[i + 1].count;
        both.bytes += classes[i + 1].bytes;
        if (both.count > 0) text += row(name(i + 1), both, all);
    }
    return text;
}

}  // namespace

std::string study_text(const study_report& of) {
    const trace::trace_study& study = *of.study;
    std::string text = of.title + "\n";
    for (const std::string& sentence : study_sentences(of)) text += sentence + "\n";
    text += histogram("sizes", study.sizes(), study.all(), size_class_text);
    text += histogram("lifetimes", study.lives_ms(), study.all(), time_class_text);
    text += histogram("bytes meanwhile", study.lives_bytes(), study.all(), life_class_text);
    text += row("to the end", study.at_end(), study.all());
    text += "\n" + padded("bytes", 12) + padded("blocks", 12) + padded("own peak", 12) +
            padded("half live", 12) + padded("temporary", 11) + padded("handed", 8) + "  line\n";
    std::size_t shown = 0;
    for (const std::uint32_t at : busiest_groups(study)) {
        if (++shown > 15) break;
        const trace::study_group& one = study.groups()[at];
        const auto count = static_cast<std::int64_t>(one.all.count);
        text += padded(size_text(static_cast<std::int64_t>(one.all.bytes)), 12) +
                padded(with_commas(count), 12) + padded(size_text(one.peak), 12) +
                padded(middle_life_text(one), 12) +
                padded(share_text(static_cast<std::int64_t>(one.temporary.count), count), 11) +
                padded(share_text(static_cast<std::int64_t>(one.handed_over.count), count), 8) +
                "  " + of.names[at] + "\n";
    }
    return text;
}

std::string lines_text(const std::vector<std::string>& names,
                       const std::vector<std::uint64_t>& bytes) {
    std::vector<std::size_t> order;
    std::int64_t all = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] > 0) order.push_back(i);
        all += static_cast<std::int64_t>(bytes[i]);
    }
    std::ranges::stable_sort(order, [&](auto a, auto b) { return bytes[a] > bytes[b]; });
    std::string text;
    for (std::size_t shown = 0; shown < std::min<std::size_t>(order.size(), 20); ++shown) {
        const auto part = static_cast<std::int64_t>(bytes[order[shown]]);
        text += padded(size_text(part), 12) + padded(share_text(part, all), 9) + "  " +
                names[order[shown]] + "\n";
    }
    return text;
}

}  // namespace fil::report
