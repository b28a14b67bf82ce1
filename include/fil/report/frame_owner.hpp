#pragma once
// Whose code is a frame: the user's own, a library's, the standard library's, compiled code's?
//
// The reader looks for lines that they can change. Those lie in none of the interpreter's
// directories; in a native program, they are the functions of the main executable, except what its
// compiler put there from system headers. The directories come with the facts; the names
// site-packages, dist-packages and lib/python3.X are known without. `package` names what libraries
// are folded into: "pandas", "json", "libstdc++". Pure functions of the frame and the facts.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fil/report/facts.hpp"
#include "fil/report/frame.hpp"
#include "fil/report/paths.hpp"

namespace fil::report {

enum class frame_owner : std::uint8_t { user, library, standard_library, native };

struct ownership {
    frame_owner owner;
    std::string package = {};  // "" for the user's own code

    bool operator==(const ownership&) const = default;
};

class code_owners {
  public:
    explicit code_owners(program_facts program) : program_(std::move(program)) {
        executable_ = normal_path(program_.main_executable);
    }

    ownership of(const frame& f) const {
        switch (f.kind) {
            case frame_kind::placeholder:
            case frame_kind::compiling:
                return {frame_owner::library};
            case frame_kind::native:
                return of_native(f);
            default:
                return of_script(f);
        }
    }

  private:
    ownership of_script(const frame& f) const {
        if (is_pseudo_file(f.file)) return of_pseudo_file(f);
        if (!program_.main_script.empty() && f.file == program_.main_script) {
            return {frame_owner::user};
        }
        const std::string path = source_path(f);
        if (const auto inside = below_site_directory(path); !inside.empty()) {
            return {frame_owner::library, package_in_site(inside)};
        }
        if (!below(path, program_.own_directory).empty())
            return {frame_owner::library, "filprofiler"};
        if (const auto inside = below_standard_library(path); !inside.empty()) {
            return {frame_owner::standard_library, module_name(inside)};
        }
        if (path.empty() && f.kind == frame_kind::python) return {frame_owner::library};
        return {frame_owner::user};
    }

    // Code without a file is the user's (a notebook's cell, exec), unless somebody generated it.
    static ownership of_pseudo_file(const frame& f) {
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

    ownership of_native(const frame& f) const {
        const std::string_view object = base_name(f.module);
        // The loader, started with the program as its argument, is what the system calls
        // executable.
        const bool main = base_name(executable_).starts_with("ld-linux")
                              ? f.module.starts_with('/') && object.find(".so") == object.npos
                              : !executable_.empty() && normal_path(f.module) == executable_;
        if (main) {
            std::string package = package_of_system_header(f);
            if (package.empty()) return {frame_owner::user};
            return {frame_owner::native, std::move(package)};
        }
        return {frame_owner::native, std::string(object.substr(0, object.find(".so")))};
    }

    // The executable's copies of what system headers hold: whose they are, "" if it is none.
    static std::string package_of_system_header(const frame& f) {
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

    // Linked with -static-libstdc++: the operators and the rest of what has no scope of its own.
    // Without debug information, mostly; a program's own operators come with a file.
    static bool is_of_static_libstdcxx(const frame& f, std::string_view path) {
        if (path.find("/libstdc++-v3/") != path.npos) return true;
        constexpr std::array names{"operator new(",    "operator new[](",
                                   "operator delete(", "operator delete[](",
                                   "__cxa_",           "_GLOBAL__sub_I_eh_alloc"};
        return f.file.empty() && std::ranges::any_of(names, [&](const char* name) {
                   return std::string_view(f.function).starts_with(name);
               });
    }

    // "void std::vector<a::b>::push_back(c)" -> "std". Template functions begin with their type.
    static std::string_view outermost_scope(std::string_view function) {
        const std::size_t end = std::min(function.find("::"), function.size());
        const std::string_view before = function.substr(0, end);
        if (end == function.size() || before.find_first_of("(<") != before.npos) return {};
        return before.substr(before.rfind(' ') + 1);
    }

    std::string_view below_site_directory(std::string_view path) const {
        for (const std::string_view mark : {"/site-packages/", "/dist-packages/"}) {
            if (const std::size_t at = path.rfind(mark); at != path.npos) {
                return path.substr(at + mark.size());
            }
        }
        return {};
    }

    std::string_view below_standard_library(std::string_view path) const {
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
    static std::string package_in_site(std::string_view inside) {
        const std::size_t slash = inside.find('/');
        if (slash != inside.npos && inside.substr(0, slash).ends_with(".egg")) {
            inside.remove_prefix(slash + 1);
        }
        return module_name(inside);
    }

    static std::string module_name(std::string_view inside) {
        std::string_view first = inside.substr(0, inside.find('/'));
        if (first.size() != inside.size()) return std::string(first);
        return std::string(first.substr(0, first.find('.')));
    }

    program_facts program_;
    std::string executable_;
};

}  // namespace fil::report
