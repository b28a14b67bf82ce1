#pragma once
// The threads that run Python, for a thread that runs none: for which of them does a library's pool
// work?
//
// For the one that is inside native code: it allocated there, without the interpreter lock, and has
// not allocated with it since. If none did, it is guessed to work for the only thread of Python's
// that there is. If several did, nobody knows. Each thread writes a word of its own at its
// captures; a pool's thread reads those of all. Any thread, no locks. Hot path: no allocation, no
// throw.
#include <atomic>
#include <cstdint>

#include "fil.h"
#include "memory_reading.hpp"

namespace fil::python {

using source_kit::address;

class asking_thread {
  public:
    // With every capture of this thread that is not the same call as the last one.
    void note(address state, fil_callstack callstack, bool is_native) {
        if (state != state_.load(std::memory_order_relaxed)) [[unlikely]]
            begin(state);
        now_.store(std::uint64_t{callstack} << 1 | (is_native ? 1 : 0), std::memory_order_relaxed);
    }

    // The thread state that the last of these captures was of.
    address state() const { return state_.load(std::memory_order_relaxed); }

    // All that was known is to be forgotten: callstacks are others. `before`, `now`: generations.
    void forget(std::uint64_t before, std::uint64_t now);

    static fil_callstack asker(fil_errand_kind& how);

  private:
    static constexpr std::uint32_t most = 64;

    [[gnu::noinline]] void begin(address state) {
        state_bytes_.store(fil_block_size(reinterpret_cast<const void*>(state)),
                           std::memory_order_relaxed);
        state_.store(state, std::memory_order_relaxed);
        if (is_listed_) return;
        is_listed_ = true;
        const std::uint32_t place = count.fetch_add(1, std::memory_order_relaxed);
        if (place < most) all[place].store(this, std::memory_order_release);
    }

    // A thread that has ended leaves a state that is no block any longer. The first one has a state
    // that never was one.
    bool is_alive() const {
        const std::size_t bytes = state_bytes_.load(std::memory_order_relaxed);
        const address state = state_.load(std::memory_order_relaxed);
        return bytes == 0 || fil_block_size(reinterpret_cast<const void*>(state)) == bytes;
    }

    // By generation: since when callstacks are those of today, for the process and for each thread.
    static inline constinit std::atomic<std::uint64_t> epoch_of_all{0};
    static inline constinit std::atomic<std::uint32_t> count{0};
    static inline constinit std::atomic<asking_thread*> all[most] = {};

    std::atomic<std::uint64_t> now_;  // callstack, and whether it is native
    std::atomic<address> state_;
    std::atomic<std::size_t> state_bytes_;
    std::atomic<std::uint64_t> epoch_;
    bool is_listed_;
};

inline void asking_thread::forget(std::uint64_t before, std::uint64_t now) {
    // Who is the first to hear of it says so; others only catch up.
    if (before >= epoch_of_all.load(std::memory_order_relaxed))
        epoch_of_all.store(now, std::memory_order_relaxed);
    epoch_.store(epoch_of_all.load(std::memory_order_relaxed), std::memory_order_relaxed);
    now_.store(0, std::memory_order_relaxed);
}

inline fil_callstack asking_thread::asker(fil_errand_kind& how) {
    const std::uint32_t known = count.load(std::memory_order_relaxed);
    if (known > most) return FIL_CALLSTACK_NONE;
    const std::uint64_t epoch = epoch_of_all.load(std::memory_order_relaxed);
    std::uint32_t natives = 0, alive = 0;
    std::uint64_t native = 0, other = 0;
    for (std::uint32_t i = 0; i < known; ++i) {
        const asking_thread* thread = all[i].load(std::memory_order_acquire);
        if (thread == nullptr || thread->epoch_.load(std::memory_order_relaxed) != epoch) continue;
        const std::uint64_t now = thread->now_.load(std::memory_order_relaxed);
        if (!thread->is_alive()) continue;
        ++alive;
        other = now;
        if ((now & 1) == 0) continue;
        ++natives;
        native = now;
    }
    how = natives == 1 ? FIL_ERRAND_ALONE : FIL_ERRAND_GUESSED;
    if (natives == 1) return static_cast<fil_callstack>(native >> 1);
    const bool is_only = natives == 0 && alive == 1;
    return is_only ? static_cast<fil_callstack>(other >> 1) : FIL_CALLSTACK_NONE;
}

}  // namespace fil::python
