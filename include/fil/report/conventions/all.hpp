#pragma once
// The runtimes that a report knows, by the kind of their functions.

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fil/report/conventions/convention.hpp"
#include "fil/report/conventions/lua.hpp"
#include "fil/report/conventions/native.hpp"
#include "fil/report/conventions/python.hpp"

namespace fil::report::conventions {

inline constexpr convention others;

struct known_convention {
    frame_kind kind;
    const convention& of;
};
inline constexpr std::array all = {
    known_convention{frame_kind::python, python::rules},
    known_convention{frame_kind::native, native::rules},
    known_convention{frame_kind::lua, lua::rules},
};

constexpr const convention& of(frame_kind kind) {
    const auto known = std::ranges::find(all, kind, &known_convention::kind);
    return known != all.end() ? known->of : others;
}

constexpr const convention& of(const frame& f) {
    return of(f.kind);
}

// A text that stands for a callstack of which nothing is known, of any program.
inline bool is_no_callstack(std::string_view text) {
    return text == others.no_callstack ||
           std::ranges::any_of(
               all, [&](const known_convention& known) { return text == known.of.no_callstack; });
}

// The one whose interpreter has that name.
inline const convention& of_interpreter(std::string_view name) {
    const auto known = std::ranges::find_if(
        all, [&](const known_convention& each) { return each.of.is_interpreter(name); });
    return known != all.end() ? known->of : others;
}

inline bool is_interpreter(std::string_view name) {
    return &of_interpreter(name) != &others;
}

inline bool is_short_name(std::string_view name) {
    return !name.empty() && std::ranges::any_of(all, [&](const known_convention& known) {
        return known.of.short_name == name;
    });
}

// Of any runtime, the script that a command line runs.
inline std::string script_of(const std::vector<std::string>& command) {
    for (const known_convention& known : all) {
        if (std::string script = known.of.script_of(command); !script.empty()) return script;
    }
    return {};
}

// Of any runtime's helpers, by a whole command line.
inline bool starts_helper(std::span<const std::string> command) {
    return std::ranges::any_of(all, [&](const known_convention& known) {
        return !known.of.helper_of(command).name.empty();
    });
}

// Of a program, by what it says that it is: "CPython 3.12.1". Without a runtime it is native.
constexpr frame_kind kind_of_program(std::string_view runtime) {
    for (const known_convention& known : all) {
        if (!known.of.runtime.empty() && runtime.starts_with(known.of.runtime)) return known.kind;
    }
    return frame_kind::native;
}

}  // namespace fil::report::conventions
