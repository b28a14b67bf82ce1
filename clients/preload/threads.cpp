// Threads: one that no source knows anything about works for whoever created it; and where its
// signal handlers run.

#include <pthread.h>
#include <signal.h>
#include <threads.h>

#include "fil_hooks.h"
#include "loader.hpp"
#include "real.hpp"
#include "start_slots.hpp"

using fil::preload::find_and_decide;
using fil::preload::notice_new_objects;
using fil::preload::real;
using fil::preload::start_slots;

namespace {

constinit start_slots slots;

template <typename Result>
Result start_thread(void* slot) {
    const start_slots::content from = slots.take(slot);
    fil_thread_inherit(from.creator);
    fil_thread_of_library(from.creator_thread, from.stack_bytes);
    return reinterpret_cast<Result (*)(void*)>(from.start)(from.argument);
}

std::size_t stack_bytes(const pthread_attr_t* attributes) {
    std::size_t bytes = 0;
    pthread_attr_t usual;
    if (attributes == nullptr && pthread_attr_init(&usual) == 0) attributes = &usual;
    if (attributes != nullptr) pthread_attr_getstacksize(attributes, &bytes);
    if (attributes == &usual) pthread_attr_destroy(&usual);
    return bytes;
}

// create(start, argument) is the real function, with 0 for success.
template <typename Result, typename Create>
int create_thread(const void* caller, const pthread_attr_t* attributes, Result (*start)(void*),
                  void* argument, Create create) {
    notice_new_objects(caller);
    void* slot = nullptr;
    if (fil_recorder_running() != 0) {
        slot = slots.put({reinterpret_cast<void*>(start), argument,
                          fil_callstack_of_new_thread(caller), __builtin_thread_pointer(),
                          stack_bytes(attributes)});
    }
    if (slot == nullptr) return create(start, argument);
    const int failure = create(start_thread<Result>, slot);
    if (failure != 0) slots.take(slot);
    return failure;
}

// Since Linux 4.7; handlers on such a stack find it disarmed, and the kernel does not tell them.
constexpr int autodisarm = static_cast<int>(1u << 31);

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
    return create_thread(__builtin_return_address(0), attributes, start, argument,
                         [&](void* (*begin)(void*), void* with) {
                             return real.pthread_create(thread, attributes, begin, with);
                         });
}

int thrd_create(thrd_t* thread, thrd_start_t start, void* argument) {
    static_assert(thrd_success == 0);
    auto real_thrd_create = find_and_decide().thrd_create;
    if (real_thrd_create == nullptr) return thrd_error;  // who calls it has it
    return create_thread(
        __builtin_return_address(0), nullptr, start, argument,
        [&](int (*begin)(void*), void* with) { return real_thrd_create(thread, begin, with); });
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
