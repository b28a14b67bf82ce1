#pragma once
// What a creator hands to its new thread: what to run, and for whom it works.
//
// A table of fixed size, since no malloc may be asked: the program's own may hold its lock here,
// and the C library's, which such a program never calls, could take the place where its heap would
// grow. A slot is taken from the creation to the first step of the thread. Any thread; no lock.

#include <atomic>
#include <cstddef>

#include "fil_hooks.h"

namespace fil::preload {

class start_slots {
  public:
    struct content {
        void* start;
        void* argument;
        fil_callstack creator;
        void* creator_thread;
        std::size_t stack_bytes;
    };

    // nullptr: a thousand threads have been created, and none has begun.
    void* put(const content& what) {
        for (slot& one : slots_) {
            if (one.taken.exchange(true, std::memory_order_acquire)) continue;
            one.what = what;
            return &one;
        }
        return nullptr;
    }

    content take(void* from) {
        slot& its = *static_cast<slot*>(from);
        const content what = its.what;
        its.taken.store(false, std::memory_order_release);
        return what;
    }

  private:
    static constexpr std::size_t count = 1024;

    struct slot {
        std::atomic<bool> taken;
        content what;
    };
    slot slots_[count] = {};
};

}  // namespace fil::preload
