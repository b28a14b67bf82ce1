#pragma once
// The second stage of a report: what of a tidy snapshot is worth showing.
//
// Callstacks that hold nothing are dropped; the others are taken from the heaviest down until they
// hold more than 99 % of all bytes, but at least 100 of them and never more than 10,000. What is
// left out is counted, so that the report can say it. Of the other mapping kinds the ten heaviest
// callstacks are kept, beside the total. The page shows less than the list: nothing below 0.1 %
// once it has 99 %. The result is a snapshot again, with only the frames, callers and texts that it
// needs.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "fil/report/snapshot.hpp"

namespace fil::report {

struct selection_limits {
    double share = 0.99;
    double small = 0.001;  // the page shows none below this once `share` is reached
    std::size_t least = 100;
    std::size_t most = 10'000;
    std::size_t most_mappings = 10;  // of each kind that is not counted
};

struct selection {
    snapshot shown;
    std::array<std::int64_t, usage_kinds> totals{};  // by mapping_kind, hidden ones too
    std::uint64_t hidden_callstacks = 0;
    std::int64_t hidden_bytes = 0;
    std::size_t on_page = 0;  // so many of the heaviest are in the page, all in the list
};

// Those that hold bytes, heaviest first; equals stay in the order of the callstacks.
template <random_access_of<callstack_usage> Used>
std::vector<callstack_usage> heaviest_first(const Used& used) {
    auto heavier = [](const callstack_usage& a, const callstack_usage& b) {
        return a.used.bytes != b.used.bytes ? a.used.bytes > b.used.bytes
                                            : a.callstack < b.callstack;
    };
    std::vector<callstack_usage> result;
    std::ranges::copy_if(used, std::back_inserter(result),
                         [](const callstack_usage& entry) { return entry.used.bytes > 0; });
    std::ranges::sort(result, heavier);
    return result;
}

// How many of `entries`, heaviest first, are shown.
inline std::size_t shown_count(const std::vector<callstack_usage>& entries, std::int64_t total,
                               const selection_limits& limits) {
    const double enough = limits.share * static_cast<double>(total);
    std::int64_t taken = 0;
    std::size_t count = 0;
    while (count < entries.size() && count < limits.most &&
           (count < limits.least || static_cast<double>(taken) <= enough)) {
        taken += entries[count++].used.bytes;
    }
    return count;
}

// And how many of those in the page: the list has at least a hundred, as its readers expect.
inline std::size_t page_count(const std::vector<callstack_usage>& entries, std::size_t shown,
                              std::int64_t total, const selection_limits& limits) {
    const double enough = limits.share * static_cast<double>(total);
    const double least = limits.small * static_cast<double>(total);
    std::int64_t taken = 0;
    std::size_t count = 0;
    for (; count < shown; ++count) {
        const std::int64_t bytes = entries[count].used.bytes;
        if (static_cast<double>(taken) > enough && static_cast<double>(bytes) < least) break;
        taken += bytes;
    }
    return count;
}

// Copies callstacks from one snapshot to another, each at most once, with what they need.
class callstack_copier {
  public:
    callstack_copier(const snapshot& from, snapshot& to)
        : from_(from), to_(to), copies_(from.callstacks().size(), callstack_index::empty) {}

    callstack_index operator()(callstack_index original) {
        way_.clear();
        while (original != callstack_index::empty && copy(original) == callstack_index::empty) {
            way_.push_back(original);
            original = from_.callstacks()[to_index(original)].caller;
        }
        callstack_index last = copy(original);
        for (; !way_.empty(); way_.pop_back()) {
            const frame& f =
                from_.frames()[to_index(from_.callstacks()[to_index(way_.back())].frame)];
            last = copy(way_.back()) = to_.add_callstack(last, to_.add_frame(f));
        }
        return last;
    }

  private:
    callstack_index& copy(callstack_index i) { return copies_[to_index(i)]; }

    const snapshot& from_;
    snapshot& to_;
    std::vector<callstack_index> copies_;  // by original; `empty`: not copied yet
    std::vector<callstack_index> way_;
};

// `tidy` has one entry for each callstack and kind, as tidied() promises.
inline selection select(const snapshot& tidy, const selection_limits& limits = {}) {
    selection result;
    callstack_copier copy(tidy, result.shown);
    for (int k = 0; k < usage_kinds; ++k) {
        const auto kind = static_cast<mapping_kind>(k);
        const std::vector<callstack_usage> entries = heaviest_first(tidy.used(kind));
        std::int64_t& total = result.totals[static_cast<std::size_t>(k)];
        for (const callstack_usage& entry : entries) total += entry.used.bytes;
        const bool counted = kind == mapping_kind::anonymous;
        const std::size_t count =
            counted ? shown_count(entries, total, limits) : limits.most_mappings;
        std::int64_t shown = 0;
        for (const auto& [callstack, used] :
             std::span(entries).first(std::min(count, entries.size()))) {
            result.shown.add_usage(kind, copy(callstack), used);
            shown += used.bytes;
        }
        if (counted) {
            result.hidden_callstacks = entries.size() - count;
            result.hidden_bytes = total - shown;
            result.on_page = page_count(entries, count, total, limits);
        }
    }
    for (untouched_mapping mapping : tidy.untouched_mappings()) {
        mapping.callstack = copy(mapping.callstack);
        result.shown.add_untouched_mapping(mapping);
    }
    for (const frame& f : result.shown.frames()) {
        const auto text = tidy.texts().find(f.file);
        const bool is_new = !result.shown.texts().contains(f.file);
        if (text != tidy.texts().end() && is_new) result.shown.add_text(f.file, text->second);
    }
    return result;
}

}  // namespace fil::report
