#pragma once
// Any bytes as text in XML and HTML: escaped, valid UTF-8, and nothing in it invisible.
//
// Names and source lines come from the profiled program and may hold anything. What is not UTF-8
// becomes U+FFFD; control characters, and those that turn text around or have no width, are spelled
// out ("\u202e"), as the page's visible() does (characters.hpp). Cold code, pure functions.

#include <string>
#include <string_view>

#include "fil/report/characters.hpp"
#include "fil/report/utf8.hpp"

namespace fil::report {

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
