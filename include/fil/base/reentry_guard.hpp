#pragma once
// Tells an event from an event inside an event (a signal handler's malloc in the middle of a hook).
//
// One object a thread: a count and the stack address where it was first raised. A siglongjmp out of
// a hook leaves the count raised; such a guard is stale, and taken down, once the stack has shrunk
// above that address. On an alternate signal stack the comparison means nothing, so before a guard
// is called stale the system is asked: the one system call here, and only where a guard is up.
//
// Hot path: no allocation, no throw.

#include <cstdint>

namespace fil {

class reentry_guard {
  public:
    // Whether an event is under way on this thread. `here` is an address in the caller's frame.
    bool raised(const void* here) {
        if (__builtin_expect(count_ == 0, 1)) return false;
        if (reinterpret_cast<std::uintptr_t>(here) <= where_ || on_alternate_stack()) return true;
        count_ = 0;  // stale: the frame that raised it is gone
        return false;
    }

    void raise(const void* here) {
        if (count_++ == 0) where_ = reinterpret_cast<std::uintptr_t>(here);
        barrier();
    }

    void lower() {
        barrier();
        if (count_ > 0) --count_;
    }

  private:
    static bool on_alternate_stack();  // lib/os_linux.cpp

    // A signal handler of this thread must see the count in program order.
    static void barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

    std::uintptr_t where_ = 0;
    std::uint32_t count_ = 0;
};

}  // namespace fil
