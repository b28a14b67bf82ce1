// pthread_create: a thread that no source knows anything about works for whoever created it.

#include <pthread.h>

#include "fil.h"
#include "loader.hpp"
#include "real.hpp"

using fil::preload::notice_new_objects;
using fil::preload::real;

namespace {

// From the creator to the new thread. Taken from the real malloc: not the program's memory.
struct start_block {
    void* (*start)(void*);
    void* argument;
    fil_callstack creator;
};

void* start_thread(void* block) {
    start_block copy = *static_cast<start_block*>(block);
    real.free(block);
    fil_thread_inherit(copy.creator);
    return copy.start(copy.argument);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
    notice_new_objects();
    start_block* block = nullptr;
    if (fil_recorder_running() != 0) {
        block = static_cast<start_block*>(real.malloc(sizeof(start_block)));
    }
    if (block == nullptr) return real.pthread_create(thread, attributes, start, argument);
    *block = {start, argument, fil_callstack_current()};
    int failure = real.pthread_create(thread, attributes, start_thread, block);
    if (failure != 0) real.free(block);
    return failure;
}
