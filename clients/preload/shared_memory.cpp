// System V shared memory: shmat maps a segment, shmdt takes it away. (POSIX shared memory is mapped
// like a file: mapped_file.hpp.) A rare call: it may ask the system and take the recorder's lock.

#include <sys/shm.h>

#include <cerrno>
#include <cstddef>

#include "attachments.hpp"
#include "fil_hooks.h"
#include "mapped_range.hpp"
#include "real.hpp"

using namespace fil::preload;

namespace {

constinit attachments attached;

std::size_t bytes_of_segment(int id) {
    const int kept = errno;
    shmid_ds segment{};
    const bool known = shmctl(id, IPC_STAT, &segment) == 0;
    errno = kept;
    return known ? rounded(segment.shm_segsz, page_bytes()) : 0;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void* shmat(int id, const void* address, int flags) noexcept {
    const std::size_t bytes = bytes_of_segment(id);
    const bool replaces = (flags & SHM_REMAP) != 0;
    forgotten below(replaces ? address : nullptr, replaces ? bytes : 0);
    void* at = real.shmat(id, address, flags);
    const bool worked = at != reinterpret_cast<void*>(-1);
    below.answered(worked);
    if (worked && bytes != 0 && attached.add(at, bytes)) {
        fil_record_map(at, bytes, FIL_MAPPING_SHARED);
    }
    return at;
}

int shmdt(const void* address) noexcept {
    const std::size_t bytes = attached.take(address);
    forgotten range(address, bytes);
    const int result = real.shmdt(address);
    range.answered(result == 0);
    if (result != 0 && bytes != 0) attached.add(address, bytes);
    return result;
}

}  // extern "C"
