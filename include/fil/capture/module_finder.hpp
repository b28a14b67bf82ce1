#pragma once
// The seam of modules: which file does a code address come from?
//
// Concept `module_finder`, a type with two static functions:
//
//     find(pc, visit, context)   calls visit(context, module) exactly once, with the module that
//                                holds pc, or nullptr. Texts are borrowed for the call.
//     for_each(visit, context)   calls visit(context, address) with an address of the code of each
//                                module that is loaded
//
// Any thread, inside an event, for addresses that are new: no malloc, no throw, errno kept. A lock
// of the loader's may be held by a thread that a forked child does not have; take none where
// possible.

#include <concepts>
#include <cstdint>
#include <string_view>

namespace fil {

// Where a module's unwind tables are in memory: their index (.eh_frame_hdr; 0: it has none), and
// the extent of the segment that it is in.
struct unwind_tables {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uintptr_t index = 0;
};

struct loaded_module {
    std::uintptr_t begin;  // of the addresses it occupies
    std::uintptr_t end;
    std::uintptr_t bias;        // address in memory - address in the file
    bool is_program;            // not a shared object
    std::string_view file;      // absolute, as loaded; "[vdso]"; may end in " (deleted)"
    std::string_view build_id;  // hexadecimal; empty: it has none
    unwind_tables tables = {};
};

using module_visit = void (*)(void* context, const loaded_module* found);
using code_visit = void (*)(void* context, std::uintptr_t code);

template <typename Finder>
concept module_finder = requires(std::uintptr_t pc, module_visit visit, code_visit each,
                                 void* context) {
    { Finder::find(pc, visit, context) } -> std::same_as<void>;
    { Finder::for_each(each, context) } -> std::same_as<void>;
};

// Knows no module: all code is "[unknown code]".
struct null_modules {
    static void find(std::uintptr_t, module_visit visit, void* context) { visit(context, nullptr); }
    static void for_each(code_visit, void*) {}
};
static_assert(module_finder<null_modules>);

}  // namespace fil
