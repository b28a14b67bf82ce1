#pragma once
// How many cells of a fixed-width font a text takes. Pure functions.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "fil/report/utf8.hpp"

namespace fil::report {

// What East Asian fonts and emoji take two cells for (Unicode's East_Asian_Width, W and F, in
// coarse ranges: a narrow sign among them is given a cell too much). A combining character is
// counted as one, so that a text is never wider than it is thought to be.
constexpr std::size_t cell_width(char32_t c) {
    struct range {
        char32_t first, last;
    };
    constexpr range wide[] = {
        {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23f3},
        {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2630, 0x2653},   {0x267f, 0x27bf},
        {0x2b1b, 0x2b55},   {0x2e80, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
        {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},
        {0xffe0, 0xffe6},   {0x16fe0, 0x18dff}, {0x1aff0, 0x1b2ff}, {0x1d300, 0x1d376},
        {0x1f000, 0x1faff}, {0x20000, 0x3fffd}};
    const auto* at = std::ranges::lower_bound(wide, c, {}, &range::last);
    return at != std::end(wide) && at->first <= c ? 2 : 1;
}

inline std::size_t cells(std::string_view text) {
    std::size_t sum = 0;
    for (utf8_step step{}; !text.empty(); text.remove_prefix(step.bytes)) {
        step = next_utf8(text);
        sum += step.valid ? cell_width(step.code) : 1;
    }
    return sum;
}

}  // namespace fil::report
