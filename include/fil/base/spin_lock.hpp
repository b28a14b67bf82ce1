#pragma once
// A lock for the uncommon paths: a new function, a new callstack, a lease, a mapping.
//
// Hot path: no allocation, no throw, no system call unless the holder was descheduled (then it
// yields). Take it only with the re-entry guard raised: a signal handler that interrupts the holder
// finds the guard and never comes here. A forked child resets every lock (another thread may have
// held it), so locks live in objects that the child builds anew.
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

namespace fil {

class spin_lock {
  public:
    void lock() {
        for (int tries = 0; taken_.exchange(true, std::memory_order_acquire); ++tries) {
            while (taken_.load(std::memory_order_relaxed)) {
                if (++tries < 200) {
                    pause();
                } else {
                    yield();
                }
            }
        }
    }
    void unlock() { taken_.store(false, std::memory_order_release); }

    // Lets others run. In a sandbox of the program's that does not let us, nor look at the clock,
    // it only takes a moment.
    static void yield();      // lib/os/os_linux.cpp
    static bool may_yield();  // likewise

  private:
    static void pause();

    std::atomic<bool> taken_{false};
};

inline void spin_lock::pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

// std::lock_guard without <mutex>, which hot code does not include.
class locked {
  public:
    explicit locked(spin_lock& lock) : lock_(lock) { lock_.lock(); }
    ~locked() { lock_.unlock(); }
    locked(const locked&) = delete;
    locked& operator=(const locked&) = delete;

  private:
    spin_lock& lock_;
};

// Holds back this thread's signals over a scope. Two system calls, where the program's sandbox has
// nothing against them.
class signals_held {
  public:
    signals_held();  // lib/os/os_linux.cpp
    ~signals_held();
    signals_held(const signals_held&) = delete;

  private:
    bool held_;
    unsigned long mask_;  // as the kernel has it
};

class locked_uninterrupted {
  public:
    explicit locked_uninterrupted(spin_lock& lock) : hold_(lock) {}

  private:
    signals_held signals_;
    locked hold_;
};

}  // namespace fil
