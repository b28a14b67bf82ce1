// How much memory is left, and whether that is too little to go on: on this machine, in our control
// groups and those around them, and as swapping shows. One look is a few reads of kernel files.
//
// Memory is short when less is left than a reserve: 100 MiB, or 2 % of the limit that is near if
// that is more, but never more than a quarter of it (a small container would be short from the
// start).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "control_groups.hpp"

namespace fil::cli {

class memory_left {
  public:
    // `root` stands before /proc and /sys.
    explicit memory_left(std::string root);

    // If memory is short: a sentence that says so, for the user. `pids` are all of the program's.
    std::optional<std::string> shortage(std::span<const pid_t> pids);

    // So little is left that it is worth looking often.
    bool is_near() const { return near_; }

  private:
    std::optional<std::string> shortage_of_machine(std::span<const pid_t> pids);
    std::optional<std::string> shortage_of(const control_group& group);
    bool is_short(std::int64_t left, std::int64_t limit);
    std::int64_t swapped(std::span<const pid_t> pids) const;

    std::string root_;
    descriptor meminfo_;
    std::vector<control_group> groups_;
    bool near_ = false;
};

// Pure. What must be left of so much.
std::int64_t reserve_of(std::int64_t limit);

}  // namespace fil::cli
