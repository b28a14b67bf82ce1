#pragma once
// Linux as what the core stands on (fil/base/system.hpp): pages straight from the kernel, and
// threads that wait and are held by it, as far as the program's sandbox lets us.
//
// Everything here may run inside a malloc hook: no malloc, no throw, errno kept.

#include <cstddef>
#include <cstdint>

#include "fil/base/system.hpp"
#include "fil/track/registry.hpp"

namespace fil {

// Anonymous private pages, without swap reservation and outside core dumps.
struct system_pages {
    static void* map(std::size_t bytes);
    static void unmap(void* address, std::size_t bytes);
    static void clear(void* address, std::size_t bytes);  // zeroed again, their memory given back

    // Of memory that may grow in place (os::map_to_grow).
    static bool extend(void* end, std::size_t bytes);

    // Pages that nobody may touch until they are allowed again, and that are then not locked.
    static void forbid(void* address, std::size_t bytes);
    static void allow(void* address, std::size_t bytes);

    // How many bytes of a range of this process are in memory; 0 if the system does not tell.
    static std::size_t resident_bytes(std::uintptr_t start, std::size_t bytes);
};

// A forked child sees them zeroed.
struct system_pages_wiped_on_fork {
    static void* map(std::size_t bytes);
    static void unmap(void* address, std::size_t bytes);
    static void clear(void* address, std::size_t bytes);
};

struct system_waiting {
    // Lets others run. In a sandbox of the program's that does not let us, nor look at the clock,
    // it only takes a moment.
    static void yield();
    static bool may_yield();

    // Holds back this thread's signals. Two system calls, where the sandbox has nothing against
    // them.
    class uninterrupted {
      public:
        uninterrupted();
        ~uninterrupted();
        uninterrupted(const uninterrupted&) = delete;

      private:
        bool held_;
        unsigned long mask_;  // as the kernel has it
    };
};

struct linux_system : system_pages, system_waiting {};
static_assert(system_below<linux_system> && page_source<system_pages_wiped_on_fork>);

// Of a process, and of its forked children after it.
using process_registry = registry<system_pages, system_pages_wiped_on_fork>;

}  // namespace fil
