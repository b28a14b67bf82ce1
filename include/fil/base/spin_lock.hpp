#pragma once
// A lock for the uncommon paths: a new function, a new callstack, a lease, a mapping.
//
// The lock is a word; who takes it says how to wait (base/waiting.hpp), for it waits only where the
// holder was descheduled.
//
// Hot path: no allocation, no throw. Take it only with the re-entry guard raised: a signal handler
// that interrupts the holder finds the guard and never comes here. A forked child resets every lock
// (another thread may have held it), so locks live in objects that the child builds anew.
//
// Where a program may well leave a handler by siglongjmp (out of mmap, which is only a system
// call), `locked_uninterrupted` holds signals back: the lock would stay taken, the data half
// changed.
//
// Lock order, outermost first; locks in braces are never held together:
//
//     shared state (recorder)
//     { mappings, leases, facts (recorder), native modules, sources and directory (process) }
//     functions, call tree
//     texts (recording memory)

#include <atomic>

#include "fil/base/waiting.hpp"

namespace fil {

class spin_lock {
  public:
    template <waiting Waiting>
    void lock() {
        for (int tries = 0; taken_.exchange(true, std::memory_order_acquire); ++tries) {
            while (taken_.load(std::memory_order_relaxed)) {
                if (++tries < 200) {
                    pause();
                } else {
                    Waiting::yield();
                }
            }
        }
    }
    void unlock() { taken_.store(false, std::memory_order_release); }

    static void pause() {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }

  private:
    std::atomic<bool> taken_{false};
};

// std::lock_guard without <mutex>, which hot code does not include.
template <waiting Waiting>
class locked {
  public:
    explicit locked(spin_lock& lock) : lock_(lock) { lock_.lock<Waiting>(); }
    ~locked() { lock_.unlock(); }
    locked(const locked&) = delete;
    locked& operator=(const locked&) = delete;

  private:
    spin_lock& lock_;
};

template <waiting Waiting>
class locked_uninterrupted {
  public:
    explicit locked_uninterrupted(spin_lock& lock) : hold_(lock) {}

  private:
    typename Waiting::uninterrupted signals_;
    locked<Waiting> hold_;
};

}  // namespace fil
