#include "session/joined_process.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "os/cold/memory_of_others.hpp"
#include "os/os.hpp"

namespace fil {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

shared_mapping::shared_mapping(int descriptor, std::uint64_t bytes) : whole_(bytes) {
    constexpr std::uint64_t first = os::first_bytes;
    const os::growing_memory mapped =
        bytes <= first ? os::growing_memory{os::map_shared(descriptor, bytes), bytes}
                       : os::map_to_grow(descriptor, first, bytes);
    base_ = mapped.address;
    bytes_ = mapped.bytes;
    if (base_ == nullptr) fail("cannot map a recording");
}
shared_mapping shared_mapping::of_segment(int segment) {
    const std::optional<std::uint64_t> bytes = os::segment_bytes(segment);
    if (!bytes) fail("cannot share a recording");
    shared_mapping made;
    made.base_ = os::map_segment(segment);
    made.bytes_ = *bytes & ~std::uint64_t{recording_page - 1};
    if (made.base_ == nullptr) fail("cannot map a recording");
    return made;
}
shared_mapping shared_mapping::of_memory(void* address, std::uint64_t bytes) {
    shared_mapping made;
    made.base_ = address;
    made.bytes_ = bytes;
    return made;
}
shared_mapping::shared_mapping(shared_mapping&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      whole_(std::exchange(other.whole_, 0)) {}
shared_mapping& shared_mapping::operator=(shared_mapping&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    std::swap(whole_, other.whole_);
    return *this;
}
void shared_mapping::grow(std::uint64_t bytes) const {
    const std::uint64_t wanted = std::min(std::max(bytes, 2 * bytes_), whole_);
    const std::uint64_t pages = (wanted + recording_page - 1) & ~std::uint64_t{recording_page - 1};
    if (os::extend(static_cast<std::byte*>(base_) + bytes_, pages - bytes_)) bytes_ = pages;
}
shared_mapping::~shared_mapping() {
    if (base_ != nullptr) os::unmap(base_, bytes_);
}

process_numbers joined_process::numbers() const {
    if (!has_recording()) return last;
    const auto read = [](const auto& word) { return word.load(std::memory_order_relaxed); };
    process_numbers now;
    now.closed = closed();
    if (!now.closed) now.live = plausible(plausible(read(header().live)) + view().pending());
    now.peak = std::max(plausible(read(header().peak)), now.live);
    now.missed_events = read(header().missed_events);
    now.dropped_events = read(header().dropped_events);
    now.unprofiled_children = read(header().unprofiled_children);
    now.threads_ever = read(header().threads_ever);
    now.callstacks = view().callstacks_there();
    now.recording_bytes = std::min(view().used_bytes(), memory.bytes());
    return now;
}

}  // namespace fil
