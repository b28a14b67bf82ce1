#include "os/cold/memory_of_others.hpp"

#include <fcntl.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "os/cold/files.hpp"

namespace fil::os {
namespace {

constexpr std::uint64_t page = 4096;

}  // namespace

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

std::optional<std::uint64_t> resident_bytes_of(std::int32_t pid, std::uint64_t address,
                                               std::uint64_t bytes) {
    constexpr std::uint64_t present_or_swapped = 3ull << 62;
    const file_descriptor pages = open_to_read("/proc/" + std::to_string(pid) + "/pagemap");
    if (pages.number() < 0) return {};
    const std::uint64_t end = (address + bytes + page - 1) / page;
    std::uint64_t found = 0, words[512];
    for (std::uint64_t at = address / page; at < end;) {
        const std::uint64_t wanted = std::min<std::uint64_t>(end - at, std::size(words));
        const ssize_t got = pread(pages.number(), words, wanted * sizeof(std::uint64_t),
                                  static_cast<off_t>(at * sizeof(std::uint64_t)));
        if (got <= 0) return {};
        const std::uint64_t count = static_cast<std::uint64_t>(got) / sizeof(std::uint64_t);
        if (count == 0) return {};
        for (std::uint64_t i = 0; i < count; ++i)
            found += (words[i] & present_or_swapped) != 0 ? page : 0;
        at += count;
    }
    return found;
}

memory_of_another::memory_of_another(std::int32_t pid)
    : memory_(open_to_read("/proc/" + std::to_string(pid) + "/mem")),
      pages_(open_to_read("/proc/" + std::to_string(pid) + "/pagemap")) {}

bool memory_of_another::read(std::uint64_t address, void* to, std::size_t bytes) const {
    return memory_.number() >= 0 &&
           pread(memory_.number(), to, bytes, static_cast<off_t>(address)) ==
               static_cast<ssize_t>(bytes);
}

// By its number; nothing where the kernel does not tell. It is asked about 2 MiB at a time.
std::optional<bool> memory_of_another::is_in_memory(std::uint64_t page) {
    constexpr std::uint64_t pages_asked = 512, in_memory = std::uint64_t{1} << 63;
    if (page - seen_from_ >= seen_.size()) {
        seen_.resize(pages_asked);
        const ssize_t got = pread(pages_.number(), seen_.data(), pages_asked * sizeof seen_[0],
                                  static_cast<off_t>(page * sizeof seen_[0]));
        seen_.resize(got > 0 ? static_cast<std::size_t>(got) / sizeof seen_[0] : 0);
        seen_from_ = page;
        if (seen_.empty()) return {};
    }
    return (seen_[page - seen_from_] & in_memory) != 0;
}

std::uint64_t memory_of_another::resident_bytes(std::uint64_t begin, std::uint64_t end) {
    std::uint64_t found = 0;
    for (std::uint64_t at = begin; at < end; at += page)
        found += is_in_memory(at / page).value_or(false) ? page : 0;
    return found;
}

// (The system copies at most 2 GiB at once.)
memory_of_another::part memory_of_another::next_part(std::uint64_t address, std::size_t bytes) {
    constexpr std::uint64_t most = 4 << 20;
    const auto next_page = [](std::uint64_t at) { return at / page * page + page; };
    std::uint64_t end = address + bytes;
    while (address < end && !is_in_memory(address / page).value_or(true))
        address = next_page(address);
    if (address >= end) return {end, 0};
    std::uint64_t at = address;
    end = std::min(end, address / page * page + most);
    while (at < end && is_in_memory(at / page).value_or(false)) at = next_page(at);
    copy_.resize(std::min(at, end) - address);
    return {address, read(address, copy_.data(), copy_.size()) ? copy_.size() : 0};
}

}  // namespace fil::os
