#pragma once
// Lua's habits: where its libraries are installed, and what it calls code without a name. Pure
// functions of a frame or a path.

#include <cctype>
#include <string_view>

#include "fil/report/conventions/convention.hpp"
#include "fil/report/paths.hpp"

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

inline ownership owner_of(const frame& f, const program_facts& program) {
    if (!program.main_script.empty() && f.file == program.main_script) return {frame_owner::user};
    const std::string path = source_path(f);
    const std::string_view inside = below_library_directory(path);
    if (inside.empty()) return {frame_owner::user};
    return {frame_owner::library, module_name(inside)};
}

// What the source of Lua says of a file's own code (bindings/lua/names.hpp).
inline bool is_main_chunk(const frame& f) {
    return f.function == "main chunk";
}

inline bool is_anonymous(const frame& f) {
    return is_main_chunk(f) || f.function.starts_with("function <");
}

// "lua", "lua5.4", "lua54".
inline bool is_interpreter(std::string_view name) {
    return name.starts_with("lua") && name.find_first_not_of("0123456789.", 3) == name.npos;
}

inline constexpr convention rules = {.runtime = "Lua",
                                     .word = "lua",
                                     .beside_blocks = "interpreter, stacks",
                                     .owner_of = owner_of,
                                     .inside_library = below_library_directory,
                                     .is_whole_file = is_main_chunk,
                                     .is_anonymous = is_anonymous,
                                     .is_interpreter = is_interpreter};

}  // namespace fil::report::conventions::lua
