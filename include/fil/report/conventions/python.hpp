#pragma once
// CPython's habits: how it names code without a file, where libraries are installed, and what
// starts a program. Pure functions of a frame or a path. A frame of its kind is judged here, one of
// native code in native.hpp; who has a runtime of another kind adds a header beside these.

#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "fil/report/frame.hpp"
#include "fil/report/ownership.hpp"
#include "fil/report/paths.hpp"

namespace fil::report::conventions::python {

// Code without a file is the user's (a notebook's cell, exec), unless somebody generated it.
inline ownership owner_of_pseudo_file(const frame& f) {
    std::string_view name = f.file;
    name = name.substr(1, name.size() - 2);
    if (name.starts_with("frozen ")) {
        name.remove_prefix(7);
        return {frame_owner::standard_library, std::string(name.substr(0, name.find('.')))};
    }
    constexpr std::array generators{"__array_function__ internals", "attrs generated",
                                    "decorator-gen", "lambdifygenerated"};
    for (const char* generator : generators) {
        if (name.starts_with(generator)) return {frame_owner::library};
    }
    // dataclasses and namedtuple write methods such as __init__: the line that counts is the
    // one that calls them.
    const std::string_view function = f.function;
    const bool is_method = function.starts_with("__") && function.ends_with("__");
    if (name == "string" && is_method) return {frame_owner::library};
    return {frame_owner::user};
}

// What of a path lies below a directory of installed packages; "" if it lies in none.
inline std::string_view below_site_directory(std::string_view path) {
    for (const std::string_view mark : {"/site-packages/", "/dist-packages/"}) {
        if (const std::size_t at = path.rfind(mark); at != path.npos) {
            return path.substr(at + mark.size());
        }
    }
    return {};
}

inline std::string_view below_standard_library(std::string_view path) {
    for (const std::string_view mark : {"/lib/python3.", "/lib64/python3."}) {
        const std::size_t at = path.find(mark);
        if (at == path.npos) continue;
        std::size_t end = at + mark.size();
        while (end < path.size() && std::isalnum(static_cast<unsigned char>(path[end]))) ++end;
        if (end + 1 < path.size() && path[end] == '/') return path.substr(end + 1);
    }
    return {};
}

// "pandas/io/x.py" -> "pandas"; "six.py" -> "six"; an egg's name says less than what is in it.
inline std::string package_in_site(std::string_view inside) {
    const std::size_t slash = inside.find('/');
    if (slash != inside.npos && inside.substr(0, slash).ends_with(".egg")) {
        inside.remove_prefix(slash + 1);
    }
    return module_name(inside);
}

// Of a compiled library: "polars" of ".../site-packages/_polars_runtime_32/x.abi3.so", "numpy" of
// what lies in numpy.libs, "gomp" of "/usr/lib/libgomp.so.1".
inline std::string package_of_object(std::string_view path) {
    const std::string_view inside = below_site_directory(path);
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

// Whether a frame only starts the program: runpy of `python -m`, threading's bootstrap.
// `in_standard_library(frame)` is asked where a name alone does not tell.
template <typename InStandardLibrary>
bool starts_program(const frame& f, const frame* caller, InStandardLibrary in_standard_library) {
    if (f.file == "<frozen runpy>") return true;
    const std::string_view file = base_name(f.file);
    if (file == "runpy.py") return in_standard_library(f);
    if (file != "threading.py" || !in_standard_library(f)) return false;
    // Only the `run` that the bootstrap calls: Thread's own, if the user did not override it.
    return f.function == "_bootstrap" || f.function == "_bootstrap_inner" ||
           (f.function == "run" && caller != nullptr && caller->function == "_bootstrap_inner");
}

// `<frozen importlib._bootstrap>`, `<frozen importlib._bootstrap_external>`.
inline bool is_importer(const frame& f) {
    return f.file.starts_with("<frozen importlib._bootstrap");
}

// What CPython's source says while a module is compiled.
inline bool is_compiler(const frame& f) {
    return f.kind == frame_kind::python && f.file.empty() && f.function == "[compiling]";
}

}  // namespace fil::report::conventions::python
