#include "session/kept_recording.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "os/cold/files.hpp"
#include "os/os.hpp"
#include "session/parts_in_memory.hpp"

namespace fil {
namespace {

// The parts of a recording to keep: what is in memory of it. Where some was swapped out, what is in
// use, if that can be believed.
std::vector<bytes_range> parts_to_keep(const recording_view& recording, bool is_good) {
    if (is_good && swapped_bytes(recording) > 0) return {{0, recording.used_bytes()}};
    return parts_in_memory(recording, is_good ? recording.used_bytes() : recording.bytes());
}

}  // namespace

shared_mapping with_room_for_facts(const recording_view& recording) {
    constexpr std::uint64_t room = 256 << 10;
    const std::uint64_t bytes = recording.used_bytes();
    void* larger = os::map_private(bytes + room);
    if (larger == nullptr) return {};
    std::memcpy(larger, &recording.header(), bytes);
    return shared_mapping::of_memory(larger, bytes + room);
}

void keep_recording(const recording_view& recording, const std::string& path) {
    const file_descriptor file = os::make_private_file(path);
    if (file.number() < 0) throw std::system_error(errno, std::generic_category(), path);
    const auto* base = reinterpret_cast<const char*>(&recording.header());
    const auto failed = [&] {
        const int error = errno;
        os::remove_file(path);
        throw std::system_error(error, std::generic_category(), path);
    };
    const bool is_good = recording.check() == recording_check::good && is_plausible(recording);
    for (const bytes_range& part : parts_to_keep(recording, is_good)) {
        if (!os::write_at(file.number(), base + part.start, part.bytes, part.start)) failed();
    }
    // It may end in a hole.
    if (is_good && !os::set_length(file.number(), recording.used_bytes())) failed();
}

}  // namespace fil
