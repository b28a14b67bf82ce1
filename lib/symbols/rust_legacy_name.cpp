#include "symbols/rust_legacy_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "symbols/punycode.hpp"

namespace fil {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> signs = {{
    {"SP", "@"},
    {"BP", "*"},
    {"RF", "&"},
    {"LT", "<"},
    {"GT", ">"},
    {"LP", "("},
    {"RP", ")"},
    {"C", ","},
    {"u20", " "},
}};

bool is_hash(std::string_view part) {
    return part.size() == 17 && part[0] == 'h' &&
           part.find_first_not_of("0123456789abcdef", 1) == part.npos;
}

// What stands between two dollars.
bool append_sign(std::string& text, std::string_view sign) {
    const auto known = std::ranges::find(signs, sign, &decltype(signs)::value_type::first);
    if (known != signs.end()) {
        text += known->second;
        return true;
    }
    if (!sign.starts_with('u')) return false;
    std::uint32_t character = 0;
    const char* end = sign.data() + sign.size();
    const bool is_one = std::from_chars(sign.data() + 1, end, character, 16).ptr == end &&
                        character >= ' ';  // 0 where there is no number, or none of 32 bits
    const std::size_t before = text.size();
    if (is_one) append_character(text, character);  // nothing where it is no character
    return text.size() != before;
}

std::string plain(std::string_view part) {
    std::string text;
    if (part.starts_with("_$")) part.remove_prefix(1);
    while (!part.empty()) {
        if (part.starts_with("..")) {
            text += "::";
            part.remove_prefix(2);
            continue;
        }
        const std::size_t end = part[0] == '$' ? part.find('$', 1) : part.npos;
        if (end != part.npos && append_sign(text, part.substr(1, end - 1))) {
            part.remove_prefix(end + 1);
        } else {
            text += part[0];
            part.remove_prefix(1);
        }
    }
    return text;
}

}  // namespace

std::optional<std::string> rust_legacy_name(std::string_view mangled) {
    if (!mangled.starts_with("_ZN")) return std::nullopt;
    std::string_view rest = mangled.substr(3);
    std::string name;
    std::string_view last;
    while (!rest.empty() && rest[0] != 'E') {
        std::size_t length = 0;
        const char* end = rest.data() + rest.size();
        const auto [after, error] = std::from_chars(rest.data(), end, length);
        const auto digits = static_cast<std::size_t>(after - rest.data());
        if (error != std::errc{} || length > rest.size() - digits) return std::nullopt;
        if (!last.empty()) name += (name.empty() ? "" : "::") + plain(last);
        last = rest.substr(digits, length);
        rest.remove_prefix(digits + length);
    }
    const bool is_whole = rest == "E" || rest.starts_with("E.");
    if (!is_whole || !is_hash(last) || name.empty()) return std::nullopt;
    return name;
}

}  // namespace fil
