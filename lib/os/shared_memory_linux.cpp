// Linux: memory that two processes share, where files are limited. Made inside a malloc hook: no
// malloc, no throw.

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "os/os.hpp"
#include "os/sandbox.hpp"

// System calls are made directly: the libc functions of these names may be our own hooks.
namespace fil::os {
namespace {

// Growing a file past this limit does not fail, it kills.
std::uint64_t longest_file() {
    rlimit limit{};
    const bool is_limited = getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return is_limited ? limit.rlim_cur & ~std::uint64_t{0xffff} : ~std::uint64_t{0};
}

shared_memory in_file(const char* name, std::uint64_t bytes) {
    shared_memory made{nullptr, bytes, 0, make_shared_file(name, bytes), -1};
    if (made.descriptor >= 0) {
        const growing_memory mapped = map_to_grow(made.descriptor, first_bytes, bytes);
        made.address = mapped.address;
        made.mapped = mapped.bytes;
    }
    if (made.address != nullptr) return made;
    if (made.descriptor >= 0) close_descriptor(made.descriptor);
    made.descriptor = -1;
    return made;
}

// Whoever knows its number may attach it as long as one process has it. It cannot grow, and is
// attached whole.
shared_memory in_segment(std::uint64_t bytes) {
    constexpr std::uint64_t enough = 1 << 30;
    bytes = std::min(bytes, enough);
    shared_memory made;
    made.bytes = made.mapped = bytes;
    made.segment = static_cast<int>(syscall(SYS_shmget, IPC_PRIVATE, bytes, 0600 | SHM_NORESERVE));
    if (made.segment < 0) return made;
    made.address = map_segment(made.segment);
    syscall(SYS_shmctl, made.segment, IPC_RMID, nullptr);
    return made;
}

}  // namespace

shared_memory make_shared_memory(const char* name, std::uint64_t bytes, std::uint64_t least) {
    const keep_errno keep;
    const std::uint64_t longest = longest_file();
    shared_memory made;
    if (longest >= bytes) made = in_file(name, bytes);
    if (made.address != nullptr) return made;
    if (!sandbox::is_on()) {  // it was not asked about these calls
        const shared_memory segment = in_segment(bytes);
        if (segment.address != nullptr) return segment;
    }
    if (longest >= least && longest < bytes) made = in_file(name, longest);
    return made;
}

void* map_segment(int segment) {
    const long address = syscall(SYS_shmat, segment, nullptr, 0);
    return address == -1 ? nullptr : reinterpret_cast<void*>(address);
}

}  // namespace fil::os
