#pragma once
// Reads a str object's characters in place, as bytes for the recording.
//
// No interpreter function is called, so the interpreter lock is not needed: a str never changes.
// ASCII is borrowed where it lies; the rest is encoded as UTF-8 into the caller's buffer and cut at
// a whole character. File names hold undecodable bytes as U+DC80-U+DCFF ("surrogateescape"): those
// become the bytes again. Other lone surrogates have no UTF-8: they become U+FFFD. NULL, and a str
// of no known kind, reads "?". Any thread, no locks. Hot path: no allocation, no throw.
#include <cstddef>
#include <cstdint>

#include "fil.h"
#include "frames.hpp"
#include "version_layout.hpp"

namespace fil::python {

inline constexpr fil_text unreadable_text = {"?", 1};

// Writes one character; returns how many bytes, or 0 if they do not fit.
inline std::size_t encode_character(std::uint32_t character, char* out, std::size_t room) {
    const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
    if (character >= 0xdc80 && character <= 0xdcff) {
        if (room < 1) return 0;
        out[0] = byte(character - 0xdc00);
        return 1;
    }
    if ((character >= 0xd800 && character <= 0xdfff) || character > 0x10ffff) character = 0xfffd;
    if (character < 0x80) {
        if (room < 1) return 0;
        out[0] = byte(character);
        return 1;
    }
    if (character < 0x800) {
        if (room < 2) return 0;
        out[0] = byte(0xc0 | character >> 6);
        out[1] = byte(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        if (room < 3) return 0;
        out[0] = byte(0xe0 | character >> 12);
        out[1] = byte(0x80 | (character >> 6 & 0x3f));
        out[2] = byte(0x80 | (character & 0x3f));
        return 3;
    }
    if (room < 4) return 0;
    out[0] = byte(0xf0 | character >> 18);
    out[1] = byte(0x80 | (character >> 12 & 0x3f));
    out[2] = byte(0x80 | (character >> 6 & 0x3f));
    out[3] = byte(0x80 | (character & 0x3f));
    return 4;
}

template <typename Character>
fil_text encode_characters(address characters, std::size_t length, char* buffer, std::size_t size) {
    std::size_t used = 0;
    for (std::size_t i = 0; i < length; ++i) {
        const auto at = static_cast<std::uint32_t>(i * sizeof(Character));
        const std::size_t bytes =
            encode_character(load<Character>(characters, at), buffer + used, size - used);
        if (bytes == 0) break;
        used += bytes;
    }
    return {buffer, used};
}

// The text of the str object at `object`; `buffer` must live as long as the result.
inline fil_text read_text(const python_layout& layout, address object, char* buffer,
                          std::size_t size) {
    if (object == 0) return unreadable_text;
    const auto state = load<std::uint32_t>(object, layout.text_state);
    std::size_t length = load<std::size_t>(object, layout.text_length);
    // The kind is the width of a character, in a field of three bits; 0 is a string of wchar_t.
    std::uint32_t kind = (state & layout.text_kind_mask) /
                         (layout.text_kind_mask & -std::uint32_t{layout.text_kind_mask});
    const bool is_ascii = (state & layout.text_ascii_bit) != 0;
    address characters = 0;
    if ((state & layout.text_compact_bit) != 0) {
        characters = object + (is_ascii ? layout.text_ascii : layout.text_compact);
    } else if (kind != 0) {
        characters = load(object, layout.text_pointer);
    } else if (layout.text_wide != 0) {
        characters = load(object, layout.text_wide);
        length = load<std::size_t>(object, layout.text_wide_length);
        kind = sizeof(wchar_t);
    }
    if (characters == 0) return unreadable_text;
    if (is_ascii) return {reinterpret_cast<const char*>(characters), length};
    switch (kind) {
        case 1:
            return encode_characters<std::uint8_t>(characters, length, buffer, size);
        case 2:
            return encode_characters<std::uint16_t>(characters, length, buffer, size);
        case 4:
            return encode_characters<std::uint32_t>(characters, length, buffer, size);
        default:
            return unreadable_text;
    }
}

}  // namespace fil::python
