#include "report/recording_file.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>

#include "os/cold/files.hpp"
#include "os/os.hpp"
#include "report/snapshot_file.hpp"

namespace fil {
namespace {

[[noreturn]] void fail() {
    throw std::system_error(errno, std::generic_category());
}

constexpr std::uint64_t in_pages(std::uint64_t bytes) {
    return (bytes + recording_page - 1) / recording_page * recording_page;
}

// Zeros stay untouched pages.
void copy_data(int file, char* to, std::uint64_t bytes) {
    std::uint64_t start = 0, end = 0;
    for (std::uint64_t at = 0; at < bytes && os::next_data(file, at, start, end); at = end) {
        end = std::min(end, bytes);
        if (os::read_at(file, to + start, end - start, start) < 0) fail();
    }
}

[[noreturn]] void refuse(recording_check problem, const recording_view& recording) {
    switch (problem) {
        case recording_check::other_version:
            throw unreadable_snapshot(
                snapshot_problem::other_version,
                "it is of version " + std::to_string(recording.header().version) +
                    ", and only version " + std::to_string(recording_version) + " can be read");
        case recording_check::too_short:
            throw unreadable_snapshot(snapshot_problem::truncated, "it is cut short");
        case recording_check::not_a_recording:
            throw unreadable_snapshot(snapshot_problem::not_one, "it is no recording");
        default:
            throw unreadable_snapshot(snapshot_problem::damaged, "it is damaged");
    }
}

}  // namespace

recording_file::recording_file(const std::string& path) {
    const file_descriptor file = os::open_to_read(path);
    if (file.number() < 0) fail();
    const auto about = os::facts_of(file.number());
    if (!about) fail();
    // Its header first, which says how much of it is used.
    recording_header header{};
    const auto got = os::read_at(file.number(), reinterpret_cast<char*>(&header), sizeof header, 0);
    const std::uint64_t used = std::uint64_t{header.pages_used.load()} * recording_page;
    const bool is_whole = got == static_cast<std::int64_t>(sizeof header) && used <= about->bytes;
    const std::uint64_t bytes =
        is_whole ? std::max(used, std::uint64_t{recording_page}) : about->bytes;
    void* memory = os::map_private(std::max(in_pages(bytes), std::uint64_t{recording_page}));
    if (memory == nullptr) throw std::bad_alloc();
    memory_ = shared_mapping::of_memory(memory, in_pages(bytes));
    copy_data(file.number(), static_cast<char*>(memory), bytes);
    const recording_view cut(memory, bytes);
    if (const recording_check found = cut.check(); found != recording_check::good)
        refuse(found, cut);
}

}  // namespace fil
