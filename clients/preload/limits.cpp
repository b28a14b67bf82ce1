// A program that limits its own address space must not find it full of what we reserved; one that
// locks all its memory must not find gigabytes of ours in it.

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "fil_hooks.h"
#include "real.hpp"

using fil::preload::real;

namespace {

template <typename Limit>
void make_room(int resource, const Limit* limit) {
    if (resource == RLIMIT_AS && limit != nullptr && limit->rlim_cur != RLIM_INFINITY) {
        fil_recorder_shrink(limit->rlim_cur);
    }
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int setrlimit(__rlimit_resource_t resource, const rlimit* limit) noexcept {
    make_room(resource, limit);
    return real.setrlimit(resource, limit);
}

int setrlimit64(__rlimit_resource_t resource, const rlimit64* limit) noexcept {
    make_room(resource, limit);
    return real.setrlimit64(resource, limit);
}

int prlimit(pid_t pid, __rlimit_resource resource, const rlimit* limit, rlimit* old) noexcept {
    if (pid == 0 || pid == getpid()) make_room(resource, limit);
    return real.prlimit(pid, resource, limit, old);
}

int prlimit64(pid_t pid, __rlimit_resource resource, const rlimit64* limit,
              rlimit64* old) noexcept {
    if (pid == 0 || pid == getpid()) make_room(resource, limit);
    return real.prlimit64(pid, resource, limit, old);
}

int mlockall(int flags) noexcept {
    if ((flags & MCL_CURRENT) == 0) return real.mlockall(flags);
    fil_recorder_fold();
    int result = real.mlockall(flags);
    int failure = errno;
    fil_recorder_unfold();
    if (result != 0 && failure == ENOMEM) {  // what we reserved may be what is too much
        fil_recorder_shrink(0);
        result = real.mlockall(flags);
    } else {
        errno = failure;
    }
    return result;
}

}  // extern "C"
