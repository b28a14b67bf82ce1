// What a process's resident memory is made of, by the kernel's list of its mappings (smaps): heaps,
// variables, stacks, files, and our own; and the ground of allocators inside, which the session
// knows. Each resident byte is in one part.
#pragma once

#include <fil_supervisor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os/process.hpp"
#include "sample/untouched.hpp"

namespace fil::cli {

struct memory_part {
    fil_resident_kind kind;
    std::string name;  // of a ground
    std::int64_t bytes = 0;
    std::int64_t live = 0;
    bool operator==(const memory_part&) const = default;
};

// How pages count that several processes share: wholly, or each process's share of them.
enum class shared_pages { wholly, in_parts };

// Of the text of an smaps. `present` counts resident bytes of a range, where a ground is a part of
// a mapping.
std::vector<memory_part> parts_of_smaps(const std::string& smaps,
                                        std::span<const fil_ground> grounds, shared_pages how,
                                        const counter_of_pages& present);

// Adds those of a process that runs; nothing if the kernel does not tell.
void add_parts_of_process(std::vector<memory_part>& all, const fil_session* session, pid_t pid,
                          shared_pages how);

std::int64_t sum_of(std::span<const memory_part> parts);

}  // namespace fil::cli
