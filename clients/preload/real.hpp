#pragma once
// The functions that the hooks stand in front of.
//
// `real.malloc(n)` and its like are plain pointer calls. They are the next definitions in the
// loader's order (next_definition.hpp), so an allocator preloaded after us keeps working. Until
// they are found, and until it is decided whether this process is recorded (start.hpp), every
// pointer leads to a small function that sees to both and then makes the call: afterwards the hooks
// pay nothing for having started.
//
// Any thread, any moment; no lock, no allocation: the event may come from the inside of a malloc
// that the program brought along.

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <threads.h>

#include <cstddef>
#include <cstdint>

namespace fil::preload {

struct real_functions {
#define FIL_HOOK(result, name, parameters, arguments) result(*name) parameters;
#define FIL_HOOK_OPTIONAL(result, name, parameters, arguments) result(*name) parameters;
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
};

// What the hooks call. For an optional function, which may be null, ask find_and_decide().name
// instead.
[[gnu::visibility("hidden")]] extern real_functions real;

// Finds the real functions and, if it can be decided now, whether to record. `last_chance`: decide
// with what is known. Returns the functions to call at this moment.
const real_functions& find_and_decide(bool last_chance = false);

}  // namespace fil::preload
