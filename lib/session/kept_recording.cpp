#include "session/kept_recording.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "os/file_descriptor.hpp"
#include "session/parts_in_memory.hpp"

namespace fil {
namespace {

// The parts of a recording to keep: what is in memory of it. Where some was swapped out, what is in
// use, if that can be believed.
std::vector<bytes_range> parts_to_keep(const recording_view& recording, bool is_good) {
    if (is_good && swapped_bytes(recording) > 0) return {{0, recording.used_bytes()}};
    return parts_in_memory(recording, is_good ? recording.used_bytes() : recording.bytes());
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
    const auto failed = [&] {
        const int error = errno;
        unlink(path.c_str());
        throw std::system_error(error, std::generic_category(), path);
    };
    const bool is_good = recording.check() == recording_check::good && is_plausible(recording);
    for (const bytes_range& part : parts_to_keep(recording, is_good)) {
        if (!write_whole(file.number(), base, part)) failed();
    }
    const auto length = static_cast<off_t>(recording.used_bytes());
    if (is_good && ftruncate(file.number(), length) != 0) failed();  // it may end in a hole
}

}  // namespace fil
