#pragma once
// Tells an event from an event inside an event (a signal handler's malloc in the middle of a hook).
//
// One object a thread: the stack address where it was first raised. A siglongjmp out of
// a hook leaves it raised; such a guard is stale, and taken down, once the stack has shrunk
// above that address. On an alternate signal stack the comparison means nothing, so before a guard
// is called stale the system is asked (base/signal_stack.hpp): only where a guard is up.
//
// Hot path: no allocation, no throw.

#include <cstddef>
#include <cstdint>

#include "fil/base/inlining.hpp"
#include "fil/base/signal_stack.hpp"

namespace fil {

FIL_HOT std::uintptr_t stack_pointer() {
#if defined(__x86_64__)
    std::uintptr_t here;
    asm volatile("mov %%rsp, %0" : "=r"(here));
    return here;
#else
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
#endif
}

// Where the call of the function that asks left the stack: the same for every function that it
// passes on to with its last step, however large their frames are.
FIL_HOT std::uintptr_t place_of_call() {
#if defined(__x86_64__) && !defined(__clang__)
    return reinterpret_cast<std::uintptr_t>(__builtin_dwarf_cfa());
#else
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
#endif
}

template <signal_stacks Stacks>
class reentry_guard {
  public:
    // The fast path: raises it if it is down and says so; otherwise leave the rest to raised().
    FIL_HOT bool enter(std::uintptr_t here) {
        if (where_ != down) [[unlikely]]
            return false;
        where_ = here;
        barrier();
        return true;
    }
    FIL_HOT void leave() {
        barrier();
        where_ = down;
    }

    // Whether an event is under way on this thread. `here`: the stack of the event that asks. An
    // event inside another is below it; one that begins at the same place comes after a jump.
    bool raised(std::uintptr_t here) {
        if (where_ == down) return false;
        if (here < where_ || Stacks::of_this_thread().active) return true;
        where_ = down;  // stale: the frame that raised it is gone
        nested_ = 0;
        return false;
    }

    // Nests. By default for everything that the caller does: its own frame included.
    void raise(std::uintptr_t here = stack_pointer() + 256) {
        if (where_ == down) {
            where_ = here;
        } else {
            ++nested_;
        }
        barrier();
    }
    void lower() {
        barrier();
        if (nested_ > 0) {
            --nested_;
        } else {
            where_ = down;
        }
    }

    // The stack where the event began that is under way.
    std::uintptr_t where() const { return where_; }

    // How often it was raised and not lowered yet.
    std::uint32_t depth() const { return where_ == down ? 0 : nested_ + 1; }

  private:
    static constexpr std::uintptr_t down = 0;

    // A signal handler of this thread must see the guard in program order.
    FIL_HOT static void barrier() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

    std::uintptr_t where_ = down;  // the stack where it was first raised
    std::uint32_t nested_ = 0;
};

// Raises the guard over a scope.
template <signal_stacks Stacks>
class raised_guard {
  public:
    explicit raised_guard(reentry_guard<Stacks>& guard) : guard_(guard) { guard_.raise(); }
    raised_guard(reentry_guard<Stacks>& guard, std::uintptr_t here) : guard_(guard) {
        guard_.raise(here);
    }
    ~raised_guard() { guard_.lower(); }
    raised_guard(const raised_guard&) = delete;

  private:
    reentry_guard<Stacks>& guard_;
};

}  // namespace fil
