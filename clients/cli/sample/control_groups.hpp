// The memory limits of the control groups that we, and thus the program, are in: the group itself
// and all groups around it, version 1 or 2. Found once; their files stay open, so that a look is a
// few reads. Groups without a limit say so at each look: a limit may come later.
//
// `root` stands before /proc and /sys (tests have their own).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/descriptor.hpp"

namespace fil::cli {

class control_group {
  public:
    // `directory` is the group's; `files` the names of its files in that version.
    struct file_names {
        const char* limit;
        const char* usage;
        const char* cache[2];  // fields of memory.stat: what the kernel can drop
        const char* swap_limit;
        const char* swap_usage;
        bool swap_has_memory;  // the two above are of both together
        const char* events;    // has a line oom_kill
    };
    control_group(std::string name, const std::string& directory, const file_names& files);

    // With swap where the group says how much it may use; the cache counts as free.
    struct memory {
        std::int64_t limit = 0;  // without swap
        std::int64_t used = 0;
        std::int64_t left = 0;
    };

    const std::string& name() const { return name_; }
    // Nothing if there is no limit. `swap_free` is the machine's. The cache is read only where less
    // than `enough` of the limit would be left without.
    std::optional<memory> look(std::int64_t swap_free, std::int64_t enough) const;
    std::optional<std::int64_t> limit() const;
    // How many processes of the group, and of those in it, the kernel has ended for want of memory.
    std::optional<std::int64_t> killed() const;

  private:
    struct swap {
        std::int64_t used = 0;
        std::int64_t left = 0;
    };
    swap look_at_swap(std::int64_t limit, std::int64_t usage, std::int64_t swap_free) const;

    std::string name_;
    file_names files_;
    descriptor limit_, usage_, statistics_, swap_limit_, swap_usage_, events_;
};

std::vector<control_group> control_groups_around_us(const std::string& root);

// Pure. Where a hierarchy of groups is mounted, and which of its groups is visible there.
struct group_mount {
    std::string place;
    std::string group;
};
std::optional<group_mount> find_group_mount(std::string_view mountinfo, std::string_view type,
                                            std::string_view controller);
// Our group in /proc/self/cgroup: of the controller "memory", or of version 2 ("").
std::optional<std::string> find_group(std::string_view cgroups, std::string_view controller);

}  // namespace fil::cli
