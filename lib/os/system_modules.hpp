#pragma once
// Modules as the dynamic loader knows them. No state, no lock of ours; in native_linux.cpp.

#include <cstdint>
#include <string_view>

#include "fil/capture/module_finder.hpp"

namespace fil {

// Takes no lock where the C library can do without (glibc 2.35).
struct system_modules {
    static void find(std::uintptr_t pc, module_visit visit, void* context);
    static void for_each(code_visit visit, void* context);
};
// Always takes the loader's lock, which a fork in another thread leaves locked in the child; the
// fallback of the first.
struct iterated_modules {
    static void find(std::uintptr_t pc, module_visit visit, void* context);
    static void for_each(code_visit visit, void* context) {
        system_modules::for_each(visit, context);
    }
};
static_assert(module_finder<system_modules> && module_finder<iterated_modules>);

// The unwind tables of the module that holds `pc`. Takes no lock: where the C library cannot do
// without, there are none.
unwind_tables tables_without_lock(std::uintptr_t pc);

// Its file as the loader has it, while it is loaded; "" of the program, and where there is none.
// Takes no lock where the C library can do without.
std::string_view module_name(std::uintptr_t pc);

}  // namespace fil
