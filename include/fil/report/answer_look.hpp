#pragma once
// What a terminal can show, and texts made harmless for it. Pure functions.
//
// Names and source lines come from the profiled program: a file may be called "\033[2J". What would
// vanish, turn its neighbours around or move the cursor is spelled out, as everywhere in a report.
// Letters that are read from the right stay as they are; where a text ends with them, a mark
// (U+200E) keeps what follows in its place.

#include <cstddef>
#include <string>
#include <string_view>

#include "fil/report/characters.hpp"
#include "fil/report/markup.hpp"
#include "fil/report/utf8.hpp"

namespace fil::report {

struct answer_look {
    std::size_t columns = 80;
    bool colours = false;
    bool ascii = false;  // another character set than UTF-8
};

constexpr bool is_latin(char32_t c) {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

constexpr bool is_read_from_the_right(char32_t c) {
    return (c >= 0x590 && c <= 0x8ff) || (c >= 0xfb1d && c <= 0xfdff) ||
           (c >= 0xfe70 && c <= 0xfeff) || (c >= 0x10800 && c <= 0x10fff) ||
           (c >= 0x1e800 && c <= 0x1efff);
}

// The longest beginning of `text` that takes at most `room` cells, harmless; what is cut says so.
// A tab is a space.
inline std::string harmless(std::string_view text, std::size_t room, const answer_look& look) {
    const std::string_view mark = look.ascii ? "..." : "…";
    const std::size_t mark_width = look.ascii ? 3 : 1;
    std::string out;
    std::size_t used = 0;
    std::size_t end = 0, end_width = 0;  // of `out`, where the mark would still fit
    bool turns = false;
    for (utf8_step step{}; !text.empty(); text.remove_prefix(step.bytes)) {
        step = next_utf8(text);
        std::string next;
        if (step.valid && step.code == '\t') {
            next = " ";
        } else if (step.valid && (is_invisible(step.code) || (look.ascii && step.code > 0x7e))) {
            append_spelled(next, step.code);
        } else if (step.valid) {
            next = text.substr(0, step.bytes);
        } else {
            next = look.ascii ? "?" : "\uFFFD";
        }
        const std::size_t width = cells(next);
        if (used + width > room) {
            out.resize(end);
            if (end_width + mark_width <= room) out += mark;
            break;
        }
        if (!look.ascii && step.valid)
            turns = is_read_from_the_right(step.code) || (turns && !is_latin(step.code));
        out += next;
        used += width;
        if (used + mark_width <= room) end = out.size(), end_width = used;
    }
    if (turns) out += "\u200e";
    return out;
}

// All of it.
inline std::string harmless(std::string_view text, const answer_look& look = {}) {
    return harmless(text, static_cast<std::size_t>(-1) / 2, look);
}

// Width of what harmless() made: the mark takes no cell.
inline std::size_t shown_cells(std::string_view text) {
    const bool marked = text.ends_with("\u200e");
    return cells(text) - (marked ? 1 : 0);
}

}  // namespace fil::report
