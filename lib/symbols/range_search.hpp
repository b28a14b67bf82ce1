#pragma once
// Which of many ranges, in order of their begin, holds an address? They may nest a little.

#include <algorithm>
#include <cstdint>
#include <vector>

namespace fil {

// The last range that begins at or before `address` and holds it; ranges are in order of begin.
template <typename Range>
const Range* range_at(const std::vector<Range>& ranges, std::uint64_t address) {
    auto after = std::ranges::upper_bound(ranges, address, {}, &Range::begin);
    for (int tries = 0; after != ranges.begin() && tries < 16; ++tries) {
        if (address < (--after)->end) return &*after;
    }
    return nullptr;
}

}  // namespace fil
