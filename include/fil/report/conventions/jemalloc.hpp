#pragma once
// Frames of a jemalloc inside the program or a library, which tells of its blocks by itself
// (docs/design/allocators.md): whoever called it asked for the block. Pure functions of frames.
//
// Its functions have prefixes that each builder chooses: "je_", "_rjem_je_". The innermost one says
// which: those within it begin as that does, and the public ones with a part of that or nothing.

#include <algorithm>
#include <array>
#include <string_view>

#include "fil/report/frame.hpp"
#include "fil/report/paths.hpp"

namespace fil::report::conventions::jemalloc {

inline constexpr std::array hooks{std::string_view("hook_invoke_alloc"),
                                  std::string_view("hook_invoke_expand")};

// Where it calls who listens.
inline bool is_hook(const frame& f) {
    return f.kind == frame_kind::native &&
           std::ranges::any_of(hooks, [&](auto name) { return f.function.ends_with(name); });
}

inline std::string_view prefix_of(std::string_view hook) {
    for (const std::string_view name : hooks)
        if (hook.ends_with(name)) return hook.substr(0, hook.size() - name.size());
    return hook;
}

inline bool is_public(std::string_view function, std::string_view prefix) {
    constexpr std::array names{"malloc",   "calloc",         "realloc",        "reallocarray",
                               "memalign", "aligned_alloc",  "valloc",         "pvalloc",
                               "mallocx",  "posix_memalign", "malloc_default", "rallocx",
                               "xallocx"};
    return std::ranges::any_of(names, [&](std::string_view name) {
        return function.ends_with(name) &&
               prefix.starts_with(function.substr(0, function.size() - name.size()));
    });
}

// Whether `f` is a part of the allocator whose innermost frame is `hook`.
inline bool is_inside(const frame& f, const frame& hook) {
    constexpr std::array files{"jemalloc.c", "jemalloc_cpp.cpp", "arena.c", "large.c", "hook.c"};
    constexpr std::array internal{"operator new",        "imalloc",       "do_rallocx",
                                  "irallocx_prof",       "fallback_impl", "newImpl",
                                  "void* fallback_impl", "void* newImpl"};
    if (f.kind != frame_kind::native || f.module != hook.module) return false;
    const std::string_view function = f.function, prefix = prefix_of(hook.function);
    const auto begins = [&](const char* name) { return function.starts_with(name); };
    return (!prefix.empty() && function.starts_with(prefix)) || is_public(function, prefix) ||
           std::ranges::any_of(internal, begins) ||
           std::ranges::find(files, base_name(f.file)) != files.end();
}

}  // namespace fil::report::conventions::jemalloc
