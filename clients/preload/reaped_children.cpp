// A parent learns that a signal killed its child. The dead could not take their memory out of the
// session's total themselves, and the supervisor may see it milliseconds later: what the parent, or
// whom it starts instead, allocates meanwhile would stand on top of it.
//
// These are cancellation points and called by signal handlers; so is what they call.

#include <sys/resource.h>
#include <sys/wait.h>

#include "fil_hooks.h"
#include "real.hpp"

using fil::preload::real;

namespace {

// `call` reaps, into a status.
template <typename Call>
pid_t reaped(int* status, Call call) {
    int own = 0;
    int* const where = status != nullptr ? status : &own;
    const pid_t child = call(where);
    if (child > 0 && WIFSIGNALED(*where)) fil_record_killed_child(child);
    return child;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

pid_t wait(int* status) {
    return reaped(status, [](int* where) { return real.wait(where); });
}

pid_t waitpid(pid_t child, int* status, int options) {
    return reaped(status, [=](int* where) { return real.waitpid(child, where, options); });
}

pid_t wait3(int* status, int options, rusage* usage) noexcept {
    return reaped(status, [=](int* where) { return real.wait3(where, options, usage); });
}

pid_t wait4(pid_t child, int* status, int options, rusage* usage) noexcept {
    return reaped(status, [=](int* where) { return real.wait4(child, where, options, usage); });
}

// Of no child that has ended yet, `si_pid` is 0.
int waitid(idtype_t kind, id_t id, siginfo_t* child, int options) {
    siginfo_t own{};
    siginfo_t* const where = child != nullptr ? child : &own;
    const int result = real.waitid(kind, id, where, options);
    const bool is_dead = where->si_code == CLD_KILLED || where->si_code == CLD_DUMPED;
    if (result == 0 && where->si_pid > 0 && is_dead) fil_record_killed_child(where->si_pid);
    return result;
}

}  // extern "C"
