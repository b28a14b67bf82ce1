// A library's thread that waits for work shows what its stack looks like without a job
// (lib/process/pool_threads.hpp). Waiting itself is the C library's; some threads are cancelled
// there, so nothing of ours may have to be undone.

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>

#include "fil_hooks.h"
#include "real.hpp"

using fil::preload::find_and_decide;
using fil::preload::real;

#pragma GCC visibility push(default)
extern "C" {

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    fil_thread_waits(__builtin_return_address(0));
    return real.pthread_cond_wait(condition, mutex);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
    fil_thread_waits(__builtin_return_address(0));
    return real.pthread_cond_timedwait(condition, mutex, until);
}

int sem_wait(sem_t* semaphore) {
    fil_thread_waits(__builtin_return_address(0));
    return real.sem_wait(semaphore);
}

int sem_timedwait(sem_t* semaphore, const timespec* until) {
    fil_thread_waits(__builtin_return_address(0));
    return real.sem_timedwait(semaphore, until);
}

int pthread_barrier_wait(pthread_barrier_t* barrier) noexcept {
    fil_thread_waits(__builtin_return_address(0));
    return real.pthread_barrier_wait(barrier);
}

// A C library may be older than these, and who asks for them by name finds ours: that clock is none
// there.

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
    const auto wait = find_and_decide().pthread_cond_clockwait;
    if (wait == nullptr) return EINVAL;
    fil_thread_waits(__builtin_return_address(0));
    return wait(condition, mutex, clock, until);
}

int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* until) {
    const auto wait = find_and_decide().sem_clockwait;
    if (wait == nullptr) {
        errno = EINVAL;
        return -1;
    }
    fil_thread_waits(__builtin_return_address(0));
    return wait(semaphore, clock, until);
}

int cnd_wait(cnd_t* condition, mtx_t* mutex) {
    const auto wait = find_and_decide().cnd_wait;
    if (wait == nullptr) return thrd_error;
    fil_thread_waits(__builtin_return_address(0));
    return wait(condition, mutex);
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
    const auto wait = find_and_decide().cnd_timedwait;
    if (wait == nullptr) return thrd_error;
    fil_thread_waits(__builtin_return_address(0));
    return wait(condition, mutex, until);
}

int sched_yield() noexcept {
    fil_thread_waits(__builtin_return_address(0));
    return real.sched_yield();
}

}  // extern "C"
