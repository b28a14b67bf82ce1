// The ways out of a process: its memory leaves the session's total. A death by signal is the
// supervisor's to notice, and exec is in processes.cpp.

#include <unistd.h>

#include <cstdlib>

#include "fil_hooks.h"
#include "real.hpp"

using fil::preload::real;

namespace {

// exit() and the return of main. Destructors of other objects may still run after this one.
[[gnu::destructor]] void close_at_exit() {
    fil_recorder_close();
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void _exit(int status) {
    fil_recorder_close();
    real._exit(status);
    __builtin_unreachable();
}

void _Exit(int status) noexcept {
    _exit(status);
}

void quick_exit(int status) noexcept {
    fil_recorder_close();
    real.quick_exit(status);
    __builtin_unreachable();
}

}  // extern "C"
