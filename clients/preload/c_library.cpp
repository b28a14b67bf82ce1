#include "c_library.hpp"

#include <malloc.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cstdlib>

#include "real.hpp"

namespace fil::preload {
namespace {

// The hooks by their names in assembly: headers need not declare them all, or alike.
#define FIL_HOOK(result, name, parameters, arguments) \
    extern "C" [[gnu::visibility("default")]] char hook_named_##name __asm__(#name);
#define FIL_HOOK_OPTIONAL FIL_HOOK
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE

}  // namespace

void* hook_before(void* function) {
    if (function == nullptr) return nullptr;
#define FIL_HOOK(result, name, parameters, arguments) \
    if (function == reinterpret_cast<void*>(real.name)) return &hook_named_##name;
#define FIL_HOOK_OPTIONAL FIL_HOOK
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
    return function;
}

}  // namespace fil::preload
