#pragma once
// Address space mapped while that was still allowed, for bookkeeping in a sandbox where it is not.
//
// Sparse: it costs nothing until it is touched. Pages are taken from it once, zeroed, and never
// come back. Any thread; no lock. A forked child goes on where its parent was.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fil {

class page_reserve {
  public:
    bool is_there() const { return base_.load(std::memory_order_acquire) != 0; }
    bool holds(const void* address) const {
        return reinterpret_cast<std::uintptr_t>(address) - base_.load() < bytes_;
    }

    // Once.
    void fill(void* base, std::size_t bytes) {
        bytes_ = bytes;
        base_.store(reinterpret_cast<std::uintptr_t>(base), std::memory_order_release);
    }

    void* take(std::size_t bytes) {
        bytes = (bytes + page - 1) & ~(page - 1);
        std::size_t used = used_.load(std::memory_order_relaxed);
        do {
            if (!is_there() || bytes > bytes_ - used) return nullptr;
        } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
        return reinterpret_cast<void*>(base_.load(std::memory_order_relaxed) + used);
    }

  private:
    static constexpr std::size_t page = 4096;

    std::atomic<std::uintptr_t> base_{0};
    std::size_t bytes_ = 0;
    std::atomic<std::size_t> used_{0};
};

}  // namespace fil
