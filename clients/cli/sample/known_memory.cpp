#include "sample/known_memory.hpp"

#include <algorithm>

namespace fil::cli {
namespace {

constexpr std::uint64_t page = 4096;

std::uint64_t end_of(const address_range& one) {
    return one.address + one.bytes;
}

// A block of malloc's that has a mapping of its own begins a header after it.
known_range pages_around(std::uint64_t address, std::uint64_t bytes) {
    return {address / page * page, (address + bytes + page - 1) / page * page, FIL_RESIDENT_MAPPED};
}

}  // namespace

bool known_memory::read(const fil_session* session, pid_t pid) {
    const auto visit = [](void* self, const fil_known_memory* part) {
        static_cast<known_memory*>(self)->take(*part);
    };
    if (session != nullptr && fil_session_memory(session, pid, visit, this) == FIL_OK) return true;
    *this = {};
    return false;
}

void known_memory::take(const fil_known_memory& part) {
    known_range range{part.address, part.address + part.bytes};
    switch (part.kind) {
        case FIL_KNOWN_GROUND:
            range.kind = FIL_RESIDENT_GROUND;
            range.name.assign(part.allocator.data, part.allocator.length);
            return claim(range);
        case FIL_KNOWN_MAPPING:
            range.kind = FIL_RESIDENT_MAPPED;
            range.name.assign(part.allocator.data, part.allocator.length);
            range.is_counted = true;
            return claim(range);
        case FIL_KNOWN_RESERVE:
            range.kind = FIL_RESIDENT_RESERVE;
            return claim(range);
        case FIL_KNOWN_BLOCK:
            blocks_.push_back({part.address, part.bytes});
            return claim(pages_around(part.address, part.bytes));
        case FIL_KNOWN_HEAP:  // but for its large blocks, which came before
            range.kind = FIL_RESIDENT_HEAP;
            return claim(range);
        case FIL_KNOWN_BLOCKS:
            small_.push_back({part.address, part.bytes});
            return;
        case FIL_KNOWN_SPARSE:
            sparse_.push_back({part.callstack, part.blocks, part.bytes});
            return;
        case FIL_KNOWN_OCCUPIED:
            occupied_ = part.bytes;
    }
}

void known_memory::claim(known_range range) {
    while (range.low < range.high) {
        const auto next = ranges_.upper_bound(range.low);
        const bool is_free = next == ranges_.end() || next->second.low >= range.high;
        const std::uint64_t taken = is_free ? range.high : next->second.low;
        const std::uint64_t after = is_free ? range.high : next->second.high;
        if (taken > range.low) {
            known_range part = range;
            part.high = taken;
            ranges_.insert_or_assign(taken, part);
        }
        range.low = after;
    }
}

std::vector<known_range> known_memory::ranges_in(std::uint64_t low, std::uint64_t high) const {
    std::vector<known_range> found;
    for (auto at = ranges_.upper_bound(low); at != ranges_.end() && at->second.low < high; ++at) {
        known_range part = at->second;
        part.low = std::max(part.low, low);
        part.high = std::min(part.high, high);
        const bool goes_on = !found.empty() && found.back().high == part.low &&
                             found.back().kind == part.kind && found.back().name == part.name &&
                             found.back().is_counted == part.is_counted;
        if (goes_on)
            found.back().high = part.high;
        else
            found.push_back(part);
    }
    return found;
}

std::vector<address_range> known_memory::blocks_in(std::uint64_t low, std::uint64_t high) const {
    std::vector<address_range> found;
    auto at = std::ranges::partition_point(
        blocks_, [=](const address_range& one) { return end_of(one) <= low; });
    for (; at != blocks_.end() && at->address < high; ++at) {
        const std::uint64_t from = std::max(at->address, low);
        found.push_back({from, std::min(end_of(*at), high) - from});
    }
    return found;
}

std::uint64_t known_memory::small_bytes_in(std::uint64_t low, std::uint64_t high) const {
    std::uint64_t sum = 0;
    auto at = std::ranges::lower_bound(small_, low, {}, &address_range::address);
    for (; at != small_.end() && at->address < high; ++at) sum += at->bytes;
    return sum;
}

}  // namespace fil::cli
