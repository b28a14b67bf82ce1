#include "os/cold/memory_of_others.hpp"

#include <fcntl.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include <unistd.h>

#include <cerrno>
#include <string>

#include "os/cold/files.hpp"

namespace fil::os {

std::optional<std::uint64_t> sealed_bytes(int descriptor) {
    struct stat file {};
    const int seals = fcntl(descriptor, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(descriptor, &file) != 0) {
        errno = EINVAL;
        return {};
    }
    return static_cast<std::uint64_t>(file.st_size);
}

std::optional<std::uint64_t> segment_bytes(int segment) {
    shmid_ds about{};
    if (shmctl(segment, IPC_STAT, &about) != 0) return {};
    return about.shm_segsz;
}

bool read_memory_of(std::int32_t pid, std::uint64_t address, void* to, std::size_t bytes) {
    const file_descriptor memory = open_to_read("/proc/" + std::to_string(pid) + "/mem");
    return memory.number() >= 0 && pread(memory.number(), to, bytes, static_cast<off_t>(address)) ==
                                       static_cast<ssize_t>(bytes);
}

}  // namespace fil::os
