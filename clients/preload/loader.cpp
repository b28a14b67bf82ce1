#include "loader.hpp"

#include <cerrno>

#include "fil_hooks.h"
#include "other_allocator.hpp"
#include "real.hpp"
#include "runtimes.hpp"

namespace fil::preload {
namespace {

constinit thread_local bool objects_may_have_come = false;

}  // namespace

// Called by the dlopen hook (dlopen_x86_64.S) before it jumps to the function returned here.
// Whoever called dlopen must be seen by the loader as its caller: "$ORIGIN" in that object's
// RUNPATH is judged by the return address. So there is no "after" in that hook. The next mmap or
// pthread_create of this thread is after: the loader's own mappings do not pass through our hooks,
// so if one arrives, all new objects are at least relocated.
extern "C" {
using dlopen_function = void*(const char*, int);

[[gnu::visibility("hidden")]] dlopen_function* fil_preload_before_dlopen(const char* file) {
    objects_may_have_come = true;
    const auto real_dlopen = find_and_decide().dlopen;
    if (fil_recorder_running() != 0) runtimes_before_dlopen(file);
    return real_dlopen;
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
    if (failure == 0) fil_modules_unloaded();
    return failure;
}
