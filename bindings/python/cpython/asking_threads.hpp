#pragma once
// The threads that run Python, for a thread that runs none: for which of them does a library's pool
// work?
//
// Each thread writes a word of its own at its captures; a pool's thread reads those of all, and
// whether each holds the interpreter lock. A thread is *engaged* that does not, and that allocated
// so the last time, or waits in a library. What follows from that is the core's:
// fil_source::asking. Any thread, no locks. Hot path: no allocation, no throw.
#include <atomic>
#include <cstdint>

#include "fil.h"
#include "interpreter_lock.hpp"
#include "memory_reading.hpp"
#include "runtime.hpp"

namespace fil::python {

using source_kit::address;

class asking_thread {
  public:
    // With every capture of this thread.
    void note(const python_runtime& runtime, address state, fil_callstack callstack,
              bool is_native) {
        if (!note_again(state, callstack, is_native)) [[unlikely]] {
            begin(runtime, state, is_native);
            note_again(state, callstack, is_native);
        }
    }
    // The same, where this thread's state is the one of its last capture; where it is not, false,
    // and nothing is noted.
    bool note_again(address state, fil_callstack callstack, bool is_native) {
        if (state != state_.load(std::memory_order_relaxed)) [[unlikely]]
            return false;
        now_.store(std::uint64_t{callstack} << 1 | (is_native ? 1 : 0), std::memory_order_relaxed);
        return true;
    }

    // The thread state that the last of these captures was of.
    address state() const { return state_.load(std::memory_order_relaxed); }

    // The calling thread has not been here before: what stands here may be another's.
    void begin_thread() { state_.store(0, std::memory_order_relaxed); }

    // A library that the calling thread is in waits for others, unless it holds the lock.
    void wait_in_library() {
        if (thread_.load(std::memory_order_relaxed) != own_thread()) return;
        const interpreter_lock lock = lock_.load(std::memory_order_relaxed);
        if (!lock.is_known() || lock.is_held_by(state())) return;
        const std::uint64_t now = now_.load(std::memory_order_relaxed);
        if (now != 0) now_.store(now | 1, std::memory_order_relaxed);
    }

    // All that was known of this thread is to be forgotten. `before`, `now`: generations;
    // `are_others`: callstacks are another recording's from now on.
    void forget(std::uint64_t before, std::uint64_t now, bool are_others);

    // All of them, as they stand now.
    static std::size_t list(fil_asking_thread* threads, std::size_t room);

  private:
    static constexpr std::uint32_t most = 64;

    static std::size_t idle_in(const fil_asking_thread* threads, std::size_t count);

    static address own_thread() { return reinterpret_cast<address>(this_pthread()); }

    [[gnu::noinline]] void begin(const python_runtime& runtime, address state, bool is_native) {
        state_bytes_.store(fil_block_size(reinterpret_cast<const void*>(state)),
                           std::memory_order_relaxed);
        state_.store(state, std::memory_order_relaxed);
        lock_.store(interpreter_lock::find(runtime, state, !is_native), std::memory_order_relaxed);
        thread_.store(own_thread(), std::memory_order_relaxed);
        // Odd: what list() leaves on the stack of a pool's thread is not to look like a job's.
        place_.store(reinterpret_cast<address>(__builtin_frame_address(0)) | 1,
                     std::memory_order_relaxed);
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
    std::atomic<interpreter_lock> lock_;
    std::atomic<address> thread_, place_;  // its thread pointer, and where its stack is
    std::atomic<std::uint64_t> epoch_;
    bool is_listed_;
};

inline void asking_thread::forget(std::uint64_t before, std::uint64_t now, bool are_others) {
    // Who is the first to hear of it says so; others only catch up.
    if (are_others && before >= epoch_of_all.load(std::memory_order_relaxed))
        epoch_of_all.store(now, std::memory_order_relaxed);
    epoch_.store(epoch_of_all.load(std::memory_order_relaxed), std::memory_order_relaxed);
    now_.store(0, std::memory_order_relaxed);
}

inline std::size_t asking_thread::list(fil_asking_thread* threads, std::size_t room) {
    const std::uint32_t known = count.load(std::memory_order_relaxed);
    if (known > most) return room + 1;
    const std::uint64_t epoch = epoch_of_all.load(std::memory_order_relaxed);
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < known; ++i) {
        const asking_thread* thread = all[i].load(std::memory_order_acquire);
        if (thread == nullptr || thread->epoch_.load(std::memory_order_relaxed) != epoch) continue;
        const std::uint64_t now = thread->now_.load(std::memory_order_relaxed);
        if (!thread->is_alive()) continue;
        const interpreter_lock lock = thread->lock_.load(std::memory_order_relaxed);
        const bool is_outside = !lock.is_held_by(thread->state());
        const bool is_engaged = is_outside && (now & 1) != 0;
        std::uint32_t flags = 0;
        if (is_outside) flags |= FIL_ASKING_OUTSIDE;
        if (is_engaged) flags |= FIL_ASKING_ENGAGED;
        std::size_t place = found;
        if (found < room) {
            ++found;
        } else if (!is_engaged) {
            continue;
        } else {
            place = idle_in(threads, room);
            if (place == room) return room + 1;
        }
        threads[place] = {
            static_cast<fil_callstack>(now >> 1), flags,
            reinterpret_cast<const void*>(thread->thread_.load(std::memory_order_relaxed)),
            reinterpret_cast<const void*>(thread->place_.load(std::memory_order_relaxed))};
    }
    return found;
}

// Whose place one takes that is engaged: those in nobody's library are left out first.
inline std::size_t asking_thread::idle_in(const fil_asking_thread* threads, std::size_t count) {
    std::size_t place = 0;
    while (place < count && (threads[place].flags & FIL_ASKING_ENGAGED) != 0) ++place;
    return place;
}

}  // namespace fil::python
