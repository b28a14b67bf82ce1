#pragma once
// Names whose characters are not ASCII, as compilers write them into symbols: Punycode.

#include <cstdint>
#include <string>
#include <string_view>

namespace fil {

// A character as UTF-8; nothing if it is none.
void append_character(std::string& text, std::uint32_t character);

// RFC 3492, with the digits a-z, 0-9, and '_' before them. False, and nothing is appended: it is
// none.
bool append_punycode(std::string& text, std::string_view encoded);

}  // namespace fil
