#include "sample/copied_memory.hpp"

#include <algorithm>

namespace fil::cli {
namespace {

bool can_be_copied(const kernel_mapping& one) {
    return !one.is_shared() && one.kind != FIL_RESIDENT_PROFILER && one.kind != FIL_RESIDENT_SHARED;
}

std::int64_t common_bytes(const kernel_mapping& one, std::span<const kernel_mapping> others) {
    std::int64_t sum = 0;
    for (const kernel_mapping& other : others) {
        const std::uint64_t low = std::max(one.low, other.low);
        const std::uint64_t high = std::min(one.high, other.high);
        if (low < high && can_be_copied(other)) sum += static_cast<std::int64_t>(high - low);
    }
    return sum;
}

std::int64_t own_bytes(const kernel_mapping& one, const known_memory& known) {
    auto sum = static_cast<std::int64_t>(known.small_bytes_in(one.low, one.high));
    for (const known_range& range : known.ranges_in(one.low, one.high))
        sum += static_cast<std::int64_t>(range.high - range.low);
    return sum;
}

}  // namespace

std::int64_t copied_bytes(const kernel_mapping& one, const known_memory& known,
                          std::span<const kernel_mapping> parents) {
    if (!can_be_copied(one) || one.written == 0) return 0;
    const std::int64_t copied = one.written - own_bytes(one, known);
    return std::max<std::int64_t>(std::min(copied, common_bytes(one, parents)), 0);
}

}  // namespace fil::cli
