#include "kept_recording.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "file_descriptor.hpp"

namespace fil {
namespace {

struct bytes_range {
    std::uint64_t start;
    std::uint64_t bytes;
};

// The parts of a recording to keep. One that is damaged may claim any length, and most of it is a
// hole, whose reading would fill the machine's memory with zeros: of that, what is in memory.
std::vector<bytes_range> parts_to_keep(const recording_view& recording) {
    if (recording.check() == recording_check::good) return {{0, recording.used_bytes()}};
    constexpr std::uint64_t window = 64 << 20;
    const std::uint64_t page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    auto* base = reinterpret_cast<char*>(const_cast<recording_header*>(&recording.header()));
    std::vector<unsigned char> is_there(window / page);
    std::vector<bytes_range> parts;
    for (std::uint64_t at = 0; at < recording.bytes(); at += window) {
        const std::uint64_t bytes = std::min(window, recording.bytes() - at);
        if (mincore(base + at, bytes, is_there.data()) != 0) break;
        for (std::uint64_t offset = 0; offset < bytes; offset += page) {
            if ((is_there[offset / page] & 1) == 0) continue;
            const std::uint64_t start = at + offset;
            const bool joins = !parts.empty() && parts.back().start + parts.back().bytes == start;
            if (!joins) parts.push_back({start, 0});
            parts.back().bytes += std::min(page, bytes - offset);
        }
    }
    return parts;
}

bool write_whole(int file, const char* from, bytes_range part) {
    while (part.bytes > 0) {
        const ssize_t written =
            pwrite(file, from + part.start, part.bytes, static_cast<off_t>(part.start));
        if (written <= 0) return false;
        part.start += static_cast<std::uint64_t>(written);
        part.bytes -= static_cast<std::uint64_t>(written);
    }
    return true;
}

}  // namespace

void keep_recording(const recording_view& recording, const std::string& path) {
    const file_descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.number() < 0) throw std::system_error(errno, std::generic_category(), path);
    const auto* base = reinterpret_cast<const char*>(&recording.header());
    for (const bytes_range& part : parts_to_keep(recording)) {
        if (write_whole(file.number(), base, part)) continue;
        const int error = errno;
        unlink(path.c_str());
        throw std::system_error(error, std::generic_category(), path);
    }
}

}  // namespace fil
