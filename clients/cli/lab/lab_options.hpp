// What the laboratory's verbs are told: traces, allocators, and how to replay. Pure.
#pragma once

#include <fil/trace/replay_plan.hpp>
#include <string>
#include <vector>

#include "lab/measured_replay.hpp"

namespace fil::cli {

struct lab_options {
    std::vector<std::string> traces;
    std::vector<replay_setting> settings;  // one at least
    trace::runtime_memory small = trace::runtime_memory::arenas;
    trace::think_time think = trace::think_time::left_out;
    int pid = 0;
    int repeats = 5;
    std::string output;
    bool prints = false;
    bool is_json = false;
    bool wants_pages = false;
    bool scales = false;
    bool wants_help = false;
    bool has_allocators = false;
};

// Throws refusal. --env and the like are of the --allocator before them, or of all.
lab_options parse_lab_options(const std::string& verb, const std::vector<std::string>& words);

}  // namespace fil::cli
