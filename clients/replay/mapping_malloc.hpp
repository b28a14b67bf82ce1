#pragma once
// The malloc that is in this process; mappings of the trace are made by the kernel itself, and are
// not counted among the allocator's calls (memory_calls.hpp).

#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fil/trace/replay.hpp"
#include "memory_calls.hpp"

namespace fil::replay_driver {

using namespace trace;

inline std::atomic<std::int64_t> mapped_bytes{0};

struct mapping_malloc : malloc_allocator {
    void* map(std::size_t bytes) {
        const long made =
            fil_uncounted_call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (made < 0) return nullptr;
        mapped_bytes += static_cast<std::int64_t>(bytes);
        return reinterpret_cast<void*>(made);
    }
    void unmap(void* address, std::size_t bytes) {
        fil_uncounted_call(SYS_munmap, reinterpret_cast<long>(address), static_cast<long>(bytes), 0,
                           0, 0, 0);
        mapped_bytes -= static_cast<std::int64_t>(bytes);
    }
};

}  // namespace fil::replay_driver
