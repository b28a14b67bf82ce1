#pragma once
// Any bytes as text in XML and HTML: escaped, valid UTF-8, and nothing in it invisible.
//
// Names and source lines come from the profiled program and may hold anything. What is not UTF-8
// becomes U+FFFD; control characters, and those that turn text around or have no width, are spelled
// out ("\u202e"), as the page's visible() does. Cold code, pure functions.

#include <string>
#include <string_view>

#include "fil/report/utf8.hpp"

namespace fil::report {

// Would vanish, or change how its neighbours read.
constexpr bool is_invisible(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x2069) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           c == 0xfffe || c == 0xffff;
}

inline void append_spelled(std::string& out, char32_t c) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[(c >> shift) & 0xf];
}

inline void append_escaped(std::string& out, std::string_view text) {
    for (utf8_step step{}; !text.empty(); text.remove_prefix(step.bytes)) {
        step = next_utf8(text);
        if (!step.valid) {
            out += "\uFFFD";
        } else if (is_invisible(step.code)) {
            append_spelled(out, step.code);
        } else if (step.code == '<') {
            out += "&lt;";
        } else if (step.code == '>') {
            out += "&gt;";
        } else if (step.code == '&') {
            out += "&amp;";
        } else if (step.code == '"') {
            out += "&quot;";
        } else {
            out += text.substr(0, step.bytes);
        }
    }
}

inline std::string escaped(std::string_view text) {
    std::string out;
    append_escaped(out, text);
    return out;
}

}  // namespace fil::report
