#pragma once
// Characters that need care where a text is shown: invisible ones, and those that take two cells of
// a fixed-width font. Which they are stands in characters.def, for the page's script too. Pure
// functions.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "fil/report/utf8.hpp"

namespace fil::report {

struct character_range {
    char32_t first, last;
};

inline constexpr character_range invisible_characters[] = {
#define FIL_INVISIBLE(first, last) {first, last},
#define FIL_WIDE(first, last)
#include "fil/report/characters.def"
#undef FIL_INVISIBLE
#undef FIL_WIDE
};

inline constexpr character_range wide_characters[] = {
#define FIL_INVISIBLE(first, last)
#define FIL_WIDE(first, last) {first, last},
#include "fil/report/characters.def"
#undef FIL_INVISIBLE
#undef FIL_WIDE
};

constexpr bool is_in(std::span<const character_range> ranges, char32_t c) {
    const auto at = std::ranges::lower_bound(ranges, c, {}, &character_range::last);
    return at != ranges.end() && at->first <= c;
}

constexpr bool is_invisible(char32_t c) {
    return is_in(invisible_characters, c);
}

// As a reader sees it: "\u202e", "\U000e0001".
inline void append_spelled(std::string& out, char32_t c) {
    out += c > 0xffff ? "\\U" : "\\u";
    for (int shift = c > 0xffff ? 28 : 12; shift >= 0; shift -= 4)
        out += "0123456789abcdef"[(c >> shift) & 0xf];
}

// A combining character is counted as one, so that a text is never wider than it is thought to be.
constexpr std::size_t cell_width(char32_t c) {
    return is_in(wide_characters, c) ? 2 : 1;
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
