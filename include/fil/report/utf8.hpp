#pragma once
// Bytes from the profiled program as text that may stand in a JSON, SVG or .prof file.
//
// Names and sources can be anything: a file name in an old encoding, a binary read by mistake. What
// is valid UTF-8 stays byte for byte; each ill-formed part becomes one U+FFFD, as the Unicode
// standard recommends (chapter 3, "maximal subparts"). Pure functions.

#include <cstddef>
#include <string>
#include <string_view>

namespace fil::report {

struct utf8_step {
    std::size_t bytes;  // at least 1
    bool valid;
    char32_t code;  // if valid
};

// What stands at the beginning of `text`, which is not empty.
inline utf8_step next_utf8(std::string_view text) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return {1, true, first};
    if (first < 0xC2 || first > 0xF4) return {1, false, 0};
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    // The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF.
    unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    char32_t code = first & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (i == text.size() || byte(i) < low || byte(i) > high) return {i, false, 0};
        code = code << 6 | (byte(i) & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    return {length, true, code};
}

inline std::string valid_utf8(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const utf8_step step = next_utf8(text);
        result += step.valid ? text.substr(0, step.bytes) : "\uFFFD";
        text.remove_prefix(step.bytes);
    }
    return result;
}

// The longest beginning of valid UTF-8 that has at most `bytes` bytes and cuts no character.
inline std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
    return text.substr(0, bytes);
}

}  // namespace fil::report
