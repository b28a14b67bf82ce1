// What the program's processes hold of a machine's memory: resident memory that nobody else can
// have (not the pages of files, which the kernel can drop), and what of it is swapped out.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "os/process.hpp"

namespace fil::cli {

struct held_memory {
    std::int64_t resident = 0;
    std::int64_t swapped = 0;
    std::int64_t total() const { return resident + swapped; }
};

// `root` stands before /proc; of a process that it does not know, the real one is asked. What
// processes share is counted for each of them.
held_memory held_by(std::span<const pid_t> pids, const std::string& root);

// The same with each page's owners counted. The kernel walks all pages: some milliseconds a GiB.
held_memory held_by_shares(std::span<const pid_t> pids, const std::string& root);

}  // namespace fil::cli
