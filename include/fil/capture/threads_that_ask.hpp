#pragma once
// The threads of a runtime for which a library's pool may work, as they stand at this moment; and
// the rule that answers for nearly every program: one of them alone is inside a library.
//
// A thread is *outside* while it does not hold its runtime's lock: it may be in native code, or
// wait for something. It is *engaged* once it has allocated there. Waiting for another thread, for
// a socket or for the lock allocates nothing, so such a thread is not engaged. A snapshot on the
// stack of whoever asks; no locks. Hot path: no allocation, no throw.

#include "fil/base/ids.hpp"

namespace fil {

struct asking_thread {
    callstack_id callstack;  // where it was last seen
    bool is_outside;
    bool is_engaged;
    std::uintptr_t thread;     // tells it from others: its thread pointer
    std::uintptr_t stack_end;  // the highest address
};

class asking_threads {
  public:
    static constexpr std::uint32_t most = 32;

    void add(const asking_thread& one) {
        if (count_ != most) all_[count_++] = one;
    }
    std::uint32_t count() const { return count_; }
    const asking_thread* begin() const { return all_; }
    const asking_thread* end() const { return all_ + count_; }

    // None where several are, or may be.
    asked_by the_only_one() const {
        std::uint32_t engaged = 0;
        const asking_thread* one = nullptr;
        for (const asking_thread& each : *this) {
            if (!each.is_engaged) continue;
            ++engaged;
            one = &each;
        }
        if (engaged == 1) return {one->callstack, errand_kind::alone};
        if (engaged == 0 && count_ == 1) return {all_[0].callstack, errand_kind::guessed};
        return {};
    }

    const asking_thread* find(std::uintptr_t thread) const {
        for (const asking_thread& each : *this) {
            if (each.thread == thread) return &each;
        }
        return nullptr;
    }

  private:
    std::uint32_t count_ = 0;
    asking_thread all_[most];
};

}  // namespace fil
