// The kernel's list of a process's mappings (smaps), and what each is for: variables, stacks,
// files, our own memory, or the program's.
#pragma once

#include <fil_supervisor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fil::cli {

struct kernel_mapping {
    std::uint64_t low = 0, high = 0;
    std::string access, name, flags;
    std::int64_t resident = 0, proportional = 0, anonymous = 0;
    std::int64_t written = 0;  // and in no other process
    std::int64_t shared = 0;   // pages that other processes have, too
    fil_resident_kind kind = FIL_RESIDENT_FILES;
    bool is_heap_of_malloc = false;  // one that glibc made for a thread; others may be one, too

    bool is_writable() const { return access.size() > 1 && access[1] == 'w'; }
    bool is_hidden() const { return access.starts_with("---"); }
    bool is_shared() const { return access.size() > 3 && access[3] == 's'; }
    bool is_of_file() const { return name.starts_with('/'); }
};

// Of a file that is mapped privately, the pages that were written are `anonymous`: variables, where
// all others are FIL_RESIDENT_FILES.
std::vector<kernel_mapping> mappings_of_smaps(const std::string& smaps);

}  // namespace fil::cli
