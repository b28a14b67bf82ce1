#include "loader.hpp"

#include <dlfcn.h>

#include <cerrno>

#include "allocators_inside.hpp"
#include "c_library.hpp"
#include "fil_hooks.h"
#include "other_allocator.hpp"
#include "real.hpp"
#include "runtimes.hpp"

namespace fil::preload {
namespace {

constinit thread_local bool objects_may_have_come = false;

void* symbol_of_object(void* object, const char* name) {
    return hook_before(real.dlsym(object, name));
}

void* versioned_symbol_of_object(void* object, const char* name, const char* version) {
    return hook_before(real.dlvsym(object, name, version));
}

// RTLD_NEXT is for who stands before others, and may be asked from inside an allocator.
bool depends_on_caller(void* object) {
    if (object != RTLD_NEXT) notice_opened_allocators();
    return object == RTLD_DEFAULT || object == RTLD_NEXT;
}

}  // namespace

// Called by the dlopen hook (dlopen_x86_64.S) before it jumps to the function returned here.
// Whoever called dlopen must be seen by the loader as its caller: "$ORIGIN" in that object's
// RUNPATH is judged by the return address. So there is no "after" in that hook. The next mmap or
// pthread_create of this thread is after: the loader's own mappings do not pass through our hooks,
// so if one arrives, all new objects are at least relocated.
//
// Whoever opened an object asks for its names next, and is outside of every allocator then: so
// dlsym is the moment at which allocators in new objects are listened to, before their first use.
// It may wait for another thread's dlopen, as the real ones do.
extern "C" {
using dlopen_function = void*(const char*, int);
using dlsym_function = void*(void*, const char*);
using dlvsym_function = void*(void*, const char*, const char*);

[[gnu::visibility("hidden")]] dlopen_function* fil_preload_before_dlopen(const char* file) {
    const auto real_dlopen = find_and_decide().dlopen;
    notice_allocators();
    notice_allocators_soon();
    objects_may_have_come = true;
    if (fil_recorder_running() != 0) runtimes_before_dlopen(file);
    return real_dlopen;
}

// With the handle of one object the answer does not depend on who asks, so it may be changed.
[[gnu::visibility("hidden")]] dlsym_function* fil_preload_before_dlsym(void* object, const char*) {
    const auto real_dlsym = find_and_decide().dlsym;
    return depends_on_caller(object) ? real_dlsym : symbol_of_object;
}

[[gnu::visibility("hidden")]] dlvsym_function* fil_preload_before_dlvsym(void* object, const char*,
                                                                         const char*) {
    const auto real_dlvsym = find_and_decide().dlvsym;
    return depends_on_caller(object) ? real_dlvsym : versioned_symbol_of_object;
}
}

void notice_new_objects(const void* caller) {
    if (!objects_may_have_come || is_earlier_allocator(caller)) [[likely]]
        return;
    objects_may_have_come = false;
    if (fil_recorder_running() == 0) return;
    int kept = errno;
    for (const runtime_entry* each : runtimes) each->objects_added();
    errno = kept;
}

}  // namespace fil::preload

// Afterwards, another object may be loaded where this one was.
#pragma GCC visibility push(default)
extern "C" int dlclose(void* object) noexcept {
    int failure = fil::preload::real.dlclose(object);
    if (failure == 0) {
        fil_modules_unloaded();
        fil::preload::forget_unloaded_allocators();
    }
    return failure;
}
