#include "symbols/punycode.hpp"

#include <vector>

namespace fil {

namespace {

bool is_character(std::uint64_t code) {
    constexpr std::uint64_t first_surrogate = 0xD800, after_surrogates = 0xE000;
    return code < first_surrogate || (code >= after_surrogates && code < 0x110000);
}

}  // namespace

void append_character(std::string& text, std::uint32_t character) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (!is_character(character)) return;
    if (character < 0x80) {
        add(character);
    } else if (character < 0x800) {
        add(0xC0 | character >> 6);
        add(0x80 | (character & 63));
    } else if (character < 0x10000) {
        add(0xE0 | character >> 12);
        add(0x80 | (character >> 6 & 63));
        add(0x80 | (character & 63));
    } else {
        add(0xF0 | character >> 18);
        add(0x80 | (character >> 12 & 63));
        add(0x80 | (character >> 6 & 63));
        add(0x80 | (character & 63));
    }
}

bool append_punycode(std::string& text, std::string_view encoded) {
    std::vector<std::uint32_t> characters;
    const std::size_t mark = encoded.rfind('_');
    if (mark != encoded.npos) {
        for (const char c : encoded.substr(0, mark))
            characters.push_back(static_cast<unsigned char>(c));
        encoded.remove_prefix(mark + 1);
    }
    std::uint64_t code = 128, at = 0, bias = 72;
    bool is_first = true;
    while (!encoded.empty()) {
        std::uint64_t weight = 1;
        const std::uint64_t before = at;
        for (std::uint64_t k = 36;; k += 36) {
            if (encoded.empty() || at > UINT32_MAX) return false;
            const char c = encoded[0];
            encoded.remove_prefix(1);
            if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) return false;
            const auto digit = static_cast<std::uint64_t>(c >= 'a' ? c - 'a' : c - '0' + 26);
            at += digit * weight;
            const std::uint64_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
            if (digit < threshold) break;
            weight *= 36 - threshold;
        }
        const std::uint64_t count = characters.size() + 1;
        std::uint64_t delta = (at - before) / (is_first ? 700 : 2);
        is_first = false;
        delta += delta / count;
        bias = 0;
        for (; delta > 455; bias += 36) delta /= 35;
        bias += 36 * delta / (delta + 38);
        code += at / count;
        at %= count;
        if (!is_character(code)) return false;
        characters.insert(characters.begin() + static_cast<std::ptrdiff_t>(at++),
                          static_cast<std::uint32_t>(code));
    }
    for (const std::uint32_t character : characters) append_character(text, character);
    return true;
}

}  // namespace fil
