#pragma once
// Lua's habits: where its libraries are installed. Pure functions of a path.

#include <cctype>
#include <string_view>

namespace fil::report::conventions::lua {

// "/usr/share/lua/5.4/socket/http.lua" -> "socket/http.lua"; "" if it lies elsewhere. The same
// below /usr/local and what luarocks makes (~/.luarocks/share/lua/5.4).
inline std::string_view below_library_directory(std::string_view path) {
    constexpr std::string_view mark = "/share/lua/5.";
    const std::size_t at = path.rfind(mark);
    if (at == path.npos) return {};
    const std::string_view rest = path.substr(at + mark.size());
    const std::size_t slash = rest.find('/');
    const bool is_version = slash == 1 && std::isdigit(static_cast<unsigned char>(rest[0])) != 0;
    return is_version ? rest.substr(slash + 1) : std::string_view{};
}

}  // namespace fil::report::conventions::lua
