// How much memory is left, whether that is too little to go on, and whether it is the program that
// used it: on this machine, in our control groups and those around them, and as swapping shows. One
// look is a few reads of kernel files.
//
// Memory is short when less is left than a reserve: 100 MiB, but never more than a quarter of the
// limit that is near (a small container would be short from the start), and what the report of many
// callstacks needs. A program is ended for it only where that helps: where its processes together
// hold at least half of what is used. What others used up is not its fault.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "os/process.hpp"
#include "os/stopwatch.hpp"
#include "sample/control_groups.hpp"

namespace fil::cli {

// The program, as the judgement sees it.
struct judged_program {
    std::span<const pid_t> pids;
    std::int64_t resident = 0;     // of all of them, roughly
    std::uint64_t callstacks = 0;  // of the largest recording
};

// Of what there was no more.
struct memory_limit {
    std::int64_t bytes = 0;  // 0: not known
    std::string name = {};   // "the control group /job"
};

struct memory_shortage {
    std::string what;  // a sentence for the user, which says what the program holds
    bool is_the_programs = false;
    memory_limit limit = {};
};

class memory_left {
  public:
    // `root` stands before /proc and /sys. Whom the kernel has ended is known to us within twice
    // `patience`, in seconds, or else was not the program's.
    explicit memory_left(std::string root, double patience = 5);

    // If memory is short. One of the program's own comes before one of others.
    std::optional<memory_shortage> look(const judged_program& program);

    // Lately the kernel has ended a process for want of memory: in a control group
    // around us, or on this machine while memory was short. Of what there was no more.
    std::optional<memory_limit> kernel_has_killed() const;
    // The same, and one of those that it has ended is accounted for.
    std::optional<memory_limit> take_killed();

    // So little is left, and so much of it may be the program's, that it is worth looking often.
    bool is_near() const { return near_; }

  private:
    // With swap.
    struct amounts {
        std::int64_t used = 0;
        std::int64_t left = 0;
    };
    void judge(const amounts& memory, const memory_limit& limit, const std::string& of_what,
               const judged_program& program);
    void judge_swapping(std::int64_t swapped, std::int64_t available, const memory_limit& machine,
                        const judged_program& program);
    std::int64_t held(const judged_program& program, std::int64_t used);

    // By group, and of the machine, the last.
    std::vector<std::int64_t> killed() const;
    void forget_kills_of_others();

    std::string root_;
    descriptor meminfo_;
    std::vector<control_group> groups_;
    std::vector<std::int64_t> killed_before_, killed_lately_;
    double patience_;
    double forget_at_ = 0;
    bool near_ = false;
    std::optional<memory_shortage> found_;

    stopwatch since_;
    std::int64_t share_ = 0;  // what the program's processes hold, shared pages counted once
    double share_until_ = 0;  // as long as this is good enough, in seconds
};

// Pure. What must be left of so much.
std::int64_t reserve_of(std::int64_t limit, std::uint64_t callstacks);

}  // namespace fil::cli
