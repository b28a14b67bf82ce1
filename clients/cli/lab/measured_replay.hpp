// A trace, replayed in a process of its own on one allocator, and what was measured there.
//
// The plan is made here and handed over as a file in memory; the allocator is preloaded into
// fil-replay (clients/replay). An allocator that crashes, hangs or is none costs its own figures
// and nothing else: `why_not` says what happened, in words.
#pragma once

#include <algorithm>
#include <fil/trace/replay_plan.hpp>
#include <string>
#include <vector>

#include "os/descriptor.hpp"
#include "start/program_environment.hpp"

namespace fil::cli {

struct replay_setting {
    std::string allocator;               // "glibc", a library's name or path
    std::vector<std::string> variables;  // NAME=value
    std::string touch = "all";
    std::string order = "strict";
    bool keeps_time = false;  // between events; the plan says how much
    int seconds = 600;        // it may take so long

    // As a row is headed: "libjemalloc.so.2 MALLOC_CONF=...".
    std::string name() const;
};

struct replay_sample {
    std::uint64_t steps;
    std::int64_t ns, live, resident;
    std::int64_t usable,
        unused;  // of what is there, and of that never touched; usable -1: not asked

    // What nobody asked for, in blocks and beside them.
    std::int64_t inside() const { return usable - live; }
    // (The end of a block that is longer than asked for may not be resident: no less than nothing.)
    std::int64_t beside() const { return std::max<std::int64_t>(resident - (usable - unused), 0); }
};

struct replay_latency {
    std::string operation;       // malloc, free, realloc
    std::uint64_t up_to, count;  // blocks of so many bytes; how many
    double ns[4];                // at 50, 90, 99 and 99.9 %
};

// What a replay that checks blocks found of them (clients/replay/checked_malloc.hpp).
struct block_checks {
    std::uint64_t misaligned = 0, overwritten = 0, not_zeroed = 0, released = 0;
    std::uint64_t wanted_again = 0, came_again = 0;
};

struct replay_figures {
    std::string why_not;          // it failed
    std::string why_not_checked;  // as far as blocks are checked
    std::string library;          // whose malloc it was
    std::string lacks;            // what of the family is not of that library: "calloc, realloc"
    double seconds = 0, cpu = 0;
    bool waited = false;  // the program's time between events was kept
    std::uint64_t steps = 0, failed = 0, faults = 0, instructions = 0;  // 0 instructions: not known
    std::int64_t calls = -1;         // of the system, for memory; -1: not known
    double scaled_ns[2] = {-1, -1};  // an event, at 2 and 4 times the threads; -1: not asked
    std::int64_t resident_end = 0;
    std::vector<replay_sample> samples;
    std::vector<replay_latency> latencies;
    block_checks checks;
    // Of a replay that was stopped: pages at least half empty, what they lack, and whose blocks
    // keep them, by slot.
    std::uint64_t sparse = 0, empty = 0;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> kept;

    // What the allocator and the replay took: the clock's, or where that has the program's waits in
    // it, the processors'.
    double working_seconds() const { return waited ? cpu : seconds; }
    // What must be known of an allocator of these figures, in words; empty: nothing.
    std::string what_is_odd() const;
    // Takes over what another replay, which counted calls and checked blocks, found.
    void add_checked(const replay_figures& other);
    // After so many steps most was resident.
    std::uint64_t step_of_peak() const;
    std::int64_t peak_resident() const;
    std::int64_t peak_live() const;
    double mean_resident() const;  // over time
};

class planned_replay {
  public:
    // Throws refusal: it does not fit into memory.
    explicit planned_replay(const trace::replay_plan& plan);

    // Pages: after `number` steps it ends, and its pages are looked at. Counted: calls of the
    // system. Copies: `number` of them at once.
    enum class how { plain, timed, null, pages, counted, copies };
    replay_figures measure(const replay_setting& setting, how kind, int samples,
                           std::uint64_t number = 0) const;

  private:
    descriptor file_;
    int recorded_seconds_;
};

// The driver's own lines of what was heard, and those taken apart. Pure.
std::string marked_lines(const std::string& text, const std::string& mark);
replay_figures figures_of(const std::string& text);

}  // namespace fil::cli
