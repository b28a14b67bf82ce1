// Several allocators on several traces, measured in turns, and who is best at what.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lab/measured_replay.hpp"
#include "lab/spread.hpp"

namespace fil::cli {

// What is compared; of each, less is better. NaN: it is not known.
struct question {
    const char* name;  // "resident at the peak"
    const char* unit;  // "MiB"
    double (*value)(const replay_figures& plain, const replay_figures& timed);
    bool is_always_shown = true;  // else where it is known of an allocator
    // How well it can be told, in the unit; as a part of the figure: classes of a histogram.
    double step = 0, step_share = 0;
};
const std::vector<question>& questions();

struct compared_allocator {
    replay_setting setting;
    std::string why_not;                // it failed
    std::vector<replay_figures> plain;  // each time
    std::vector<replay_figures> timed;
    std::vector<spread> answers;  // to each question

    // What must be known of its figures, in words; empty: nothing.
    std::string what_is_odd() const;
    // Of the repetition whose mean resident is in the middle.
    const replay_figures& typical() const;
};

struct compared_trace {
    std::string name;
    std::uint64_t events = 0;
    double own_ns = 0;  // of the replay itself, an event
    std::vector<compared_allocator> allocators;
};

// Who is best, by how much in per cent of the next one; or nobody, since the difference is noise,
// or more than so few measurements can tell (difference.hpp), or only one could be measured.
struct verdict {
    int best = -1;
    double percent = 0;
    std::string text;
};
verdict verdict_of(const compared_trace& trace, std::size_t question);
bool is_shown(const compared_trace& trace, std::size_t question);

// Each allocator once, then each once more: what changes on the machine meanwhile hits all.
// `scales`: also two and four copies at once.
compared_trace compare(const std::string& name, const planned_replay& planned,
                       const std::vector<replay_setting>& settings, int repeats, bool scales,
                       const std::function<void(const std::string&)>& progress);

// The page, and the same for programs.
std::string comparison_page(const std::vector<compared_trace>& all, const std::string& how);
std::string comparison_csv(const std::vector<compared_trace>& all);
std::string comparison_json(const std::vector<compared_trace>& all);

}  // namespace fil::cli
