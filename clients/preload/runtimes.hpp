#pragma once
// The table of runtimes (runtimes.def), and what is done with all of them.

#include "runtime_entry.hpp"

namespace fil {

#define FIL_RUNTIME(name) extern const runtime_entry fil_runtime_##name;
#include "runtimes.def"
#undef FIL_RUNTIME

}  // namespace fil

namespace fil::preload {

inline constexpr const runtime_entry* runtimes[] = {
#define FIL_RUNTIME(name) &fil_runtime_##name,
#include "runtimes.def"
#undef FIL_RUNTIME
};

inline void start_runtimes() {
    for (const runtime_entry* each : runtimes) each->start();
}

inline void runtimes_before_dlopen(const char* file) {
    for (const runtime_entry* each : runtimes) {
        if (each->before_dlopen != nullptr) each->before_dlopen(file);
    }
}

// The one that the main program is, or nullptr.
inline const runtime_entry* runtime_of_program() {
    for (const runtime_entry* each : runtimes) {
        if (each->is_program != nullptr && each->is_program()) return each;
    }
    return nullptr;
}

}  // namespace fil::preload
