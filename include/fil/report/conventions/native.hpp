#pragma once
// Habits of native code: which object is the program, what its compiler put there from system
// headers, what runs before main, and how long names become short. Pure functions of a frame.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/report/conventions/convention.hpp"
#include "fil/report/conventions/python.hpp"
#include "fil/report/paths.hpp"
#include "fil/report/scoped_name.hpp"

namespace fil::report::conventions::native {

// Linked with -static-libstdc++: the operators and the rest of what has no scope of its own.
// Without debug information, mostly; a program's own operators come with a file.
inline bool is_of_static_libstdcxx(const frame& f, std::string_view path) {
    if (path.find("/libstdc++-v3/") != path.npos) return true;
    constexpr std::array names{"operator new(",      "operator new[](", "operator delete(",
                               "operator delete[](", "__cxa_",          "_GLOBAL__sub_I_eh_alloc"};
    return f.file.empty() && std::ranges::any_of(names, [&](const char* name) {
               return std::string_view(f.function).starts_with(name);
           });
}

// "void std::vector<a::b>::push_back(c)" -> "std". Template functions begin with their type.
inline std::string_view outermost_scope(std::string_view function) {
    const std::size_t end = std::min(function.find("::"), function.size());
    const std::string_view before = function.substr(0, end);
    if (end == function.size() || before.find_first_of("(<") != before.npos) return {};
    return before.substr(before.rfind(' ') + 1);
}

// The executable's copies of what system headers hold: whose they are, "" if it is none.
inline std::string package_of_system_header(const frame& f) {
    const std::string path = source_path(f);
    if (path.find("/c++/v1/") != path.npos) return "libc++";
    if (is_of_static_libstdcxx(f, path)) return "libstdc++";
    const std::string_view scope = outermost_scope(f.function);
    if (scope == "std" || scope == "__gnu_cxx") return "libstdc++";
    std::string_view inside = below(path, "/usr/include");
    if (inside.starts_with("c++/") || inside.find("/c++/") != inside.npos) return "libstdc++";
    if (inside.empty()) inside = below(path, "/usr/lib");
    return inside.empty() ? "" : module_name(inside);
}

// The loader, started with the program as its argument, is what the system calls executable.
inline bool is_of_executable(const frame& f, const std::string& file) {
    if (base_name(file).starts_with("ld-linux"))
        return f.module.starts_with('/') && base_name(f.module).find(".so") == f.module.npos;
    return !file.empty() && normal_path(f.module) == normal_path(file);
}

inline ownership owner_of(const frame& f, const program_facts& program) {
    const std::string_view object = base_name(f.module);
    if (std::ranges::any_of(program.main_executables, [&](const std::string& executable) {
            return is_of_executable(f, executable);
        })) {
        std::string package = package_of_system_header(f);
        if (package.empty()) return {frame_owner::user};
        return {frame_owner::native, std::move(package)};
    }
    return {frame_owner::native, std::string(object.substr(0, object.find(".so")))};
}

// Whether a frame only starts the program: _start, and the C library's part before main.
inline bool starts_program(const frame& f, const frame*, const program_facts&) {
    const std::string_view object = base_name(f.module);
    return f.function == "_start" || object.starts_with("libc.so") ||
           object.starts_with("libpthread.so") || object.starts_with("ld-linux");
}

// Between the program's call and the C library's function of the same name.
inline bool is_our_hook(const frame& f) {
    return f.kind == frame_kind::native && base_name(f.module) == "libfil_preload.so";
}

// fil_announce.h, compiled into the program: it stands in the function of an allocator that hands
// out blocks, and whoever called that function asked for the block.
inline bool is_announcement(const frame& f) {
    return f.kind == frame_kind::native && f.function.starts_with("fil_announce_alloc") &&
           (f.file.empty() || base_name(f.file) == "fil_announce.h");
}

// Of a compiled library: "polars" of ".../site-packages/_polars_runtime_32/x.abi3.so", "numpy" of
// what lies in numpy.libs, "gomp" of "/usr/lib/libgomp.so.1".
inline std::string package_of_object(std::string_view path) {
    const std::string_view inside = python::below_site_directory(path);
    const bool is_in_package = inside.find('/') != inside.npos;
    std::string_view name = is_in_package ? inside.substr(0, inside.find('/')) : base_name(path);
    name = name.substr(0, name.find('.'));
    if (!is_in_package && name.starts_with("lib")) name.remove_prefix(3);
    // What is private is another package's: its first word says whose.
    if (const auto word = name.find_first_not_of('_'); word != name.npos && word > 0) {
        name.remove_prefix(word);
        name = name.substr(0, name.find('_'));
    }
    // A wheel's copies of libraries have a checksum in their name.
    const std::size_t sum = name.rfind('-');
    const bool has_sum = sum != name.npos && name.size() - sum > 8 &&
                         name.find_first_not_of("0123456789abcdef", sum + 1) == name.npos;
    name = name.substr(0, has_sum ? sum : name.size());
    return std::string(name.empty() ? base_name(path) : name);
}

// An object of a Python package lies where the package does.
inline std::string_view inside_library(std::string_view path) {
    return python::inside_library(path);
}

// Where compiled code has no line numbers, a row is a whole function; where it has no names, a
// place.
inline constexpr std::string_view without_lines =
    "A row without a line is a whole function: build with -g for lines.";
inline constexpr std::string_view without_names =
    "A row without a name is a place in compiled code: build with -g, and do not strip it.";

inline constexpr convention rules = {.word = "native",
                                     .owner_of = owner_of,
                                     .inside_library = inside_library,
                                     .starts_program = starts_program,
                                     .name_parts = parts_of_scoped_name};

}  // namespace fil::report::conventions::native
