#pragma once
// The sandbox that the program put itself into: a seccomp filter, installed while it runs.
//
// Such a filter allows what its author saw the program call, and may kill it for the rest. So
// before it is installed we ask it (seccomp_filter.hpp) about each of our own system calls, and
// from then on do without the refused ones: from what was prepared, with less knowledge, or
// unrecorded. A filter that stood before the program (a container's, systemd's) is not asked:
// nobody shows it to us, and it was written for programs in general.
//
// One word, the same for all threads: what one thread's filter refuses, none does any more. A
// forked child inherits it, as it does the filter. Hot path: no malloc, no throw.

#include <atomic>
#include <cstdint>
#include <span>

#include "os/page_reserve.hpp"

struct sock_filter;

namespace fil::sandbox {

// Kinds of calls that we can do without, each in its own way. FIL_CALLS_... in fil.h are two of
// them.
enum calls : std::uint32_t {
    of_memory = 1 << 0,        // for bookkeeping: then from the reserves
    of_mapped_files = 1 << 1,  // what a descriptor maps to: then a guess
    of_signal_stack = 1 << 2,  // where it is: then as the hook of sigaltstack remembers
    of_signal_mask = 1 << 3,   // around a lock: then a handler may jump out of it
    of_waiting = 1 << 4,       // then a busy wait
    of_identity = 1 << 5,      // who am I, a vfork child? Then the supervisor notices the end
    of_modules = 1 << 6,       // /proc/self/maps: then a module's name is as the loader has it
    of_directory = 1 << 7,     // the working directory: then unknown
    of_ending = 1 << 8,        // out of memory: then the program goes on
    of_starting = 1 << 9,      // a new process joins: then it is unrecorded
    of_residence = 1 << 10,    // how much of an arena is resident: then the supervisor looks alone;
                               // and what a pool's blocks hold: then they look like a job's
    of_giving_back = 1 << 11,  // then address space stays taken
    of_folding = 1 << 12,      // around mlockall: then more gets locked
    of_files = 1 << 13,        // recordings that are files: then no new one, none gets longer
    all = (1 << 14) - 1
};

extern constinit std::atomic<std::uint32_t> refused __attribute__((visibility("hidden")));

inline bool allows(std::uint32_t kinds) {
    return (refused.load(std::memory_order_relaxed) & kinds) == 0;
}
inline bool is_on() {
    return refused.load(std::memory_order_relaxed) != 0;
}

// What this filter refuses of `calls`. Strict mode is no filter, and refuses all.
std::uint32_t refused_by(std::span<const sock_filter> filter);

extern constinit page_reserve pages, pages_wiped_on_fork __attribute__((visibility("hidden")));

}  // namespace fil::sandbox
