#pragma once
// The one text of a frame: "{file}:{line} ({function})", in .prof files, in the SVG's titles, and
// what makes two frames the same to a reader. Tools parse it: it does not change.
//
// Native code without line numbers is "libx.so+0x1234 (function)", or "libx.so+0x1234" if it has no
// name either; a placeholder, or a library's threads, is its name alone.

#include <string>
#include <string_view>

#include "fil/report/conventions/all.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/utf8.hpp"

namespace fil::report {

// Byte for byte what the program had, except what a text of one line cannot hold: line ends become
// spaces, bytes that are not UTF-8 U+FFFD.
inline std::string one_line(std::string text) {
    for (char& c : text) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    return valid_utf8(text);
}

inline std::string frame_text(const frame& f) {
    if (stands_for_no_frame(f)) return one_line(f.function);
    std::string text = f.file;
    if (f.line > 0 || conventions::of(f).says_line_0) text += ":" + std::to_string(f.line);
    const bool is_unnamed = f.kind == frame_kind::native && f.function.empty();
    if (!is_unnamed) text += " (" + f.function + ")";
    return one_line(std::move(text));
}

}  // namespace fil::report
