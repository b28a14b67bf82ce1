// Threads: one that no source knows anything about works for whoever created it; and where its
// signal handlers run.

#include <pthread.h>
#include <signal.h>
#include <threads.h>

#include "fil.h"
#include "loader.hpp"
#include "real.hpp"

using fil::preload::notice_new_objects;
using fil::preload::real;
using fil::preload::settle;

namespace {

// From the creator to the new thread. Taken from the real malloc: not the program's memory.
template <typename Result>
struct start_block {
    Result (*start)(void*);
    void* argument;
    fil_callstack creator;
};

template <typename Result>
Result start_thread(void* block) {
    auto copy = *static_cast<start_block<Result>*>(block);
    real.free(block);
    fil_thread_inherit(copy.creator);
    return copy.start(copy.argument);
}

// create(start, argument) is the real function, with 0 for success.
template <typename Result, typename Create>
int create_thread(Result (*start)(void*), void* argument, Create create) {
    notice_new_objects();
    start_block<Result>* block = nullptr;
    if (fil_recorder_running() != 0) {
        block = static_cast<start_block<Result>*>(real.malloc(sizeof(start_block<Result>)));
    }
    if (block == nullptr) return create(start, argument);
    *block = {start, argument, fil_callstack_current()};
    int failure = create(start_thread<Result>, block);
    if (failure != 0) real.free(block);
    return failure;
}

// Since Linux 4.7; handlers on such a stack find it disarmed, and the kernel does not tell them.
constexpr int autodisarm = static_cast<int>(1u << 31);

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
    return create_thread(start, argument, [&](void* (*begin)(void*), void* with) {
        return real.pthread_create(thread, attributes, begin, with);
    });
}

int thrd_create(thrd_t* thread, thrd_start_t start, void* argument) {
    static_assert(thrd_success == 0);
    auto real_thrd_create = settle().thrd_create;
    if (real_thrd_create == nullptr) return thrd_error;  // who calls it has it
    return create_thread(start, argument, [&](int (*begin)(void*), void* with) {
        return real_thrd_create(thread, begin, with);
    });
}

int sigaltstack(const stack_t* stack, stack_t* old) noexcept {
    int result = real.sigaltstack(stack, old);
    if (result == 0 && stack != nullptr) {
        bool disarms = (stack->ss_flags & autodisarm) != 0 && (stack->ss_flags & SS_DISABLE) == 0;
        fil_thread_disarming_stack(disarms ? stack->ss_sp : nullptr, stack->ss_size);
        bool disabled = (stack->ss_flags & SS_DISABLE) != 0;
        fil_thread_signal_stack(disabled ? nullptr : stack->ss_sp, stack->ss_size);
    }
    return result;
}

}  // extern "C"
