#pragma once
// Address space mapped while that was still allowed, for bookkeeping in a sandbox where it is not.
//
// Sparse: it costs nothing until it is touched. Pages are taken from it once, zeroed, and never
// come back. Any thread; no lock. A forked child goes on where its parent was. As with a recording,
// the unused rest is given back where the program limits its address space, and folded away while
// it locks its memory.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "os/linux_system.hpp"

namespace fil {

class page_reserve {
  public:
    bool is_there() const { return base_.load(std::memory_order_acquire) != 0; }

    // Once.
    void fill(void* base, std::size_t bytes) {
        bytes_ = bytes;
        base_.store(reinterpret_cast<std::uintptr_t>(base), std::memory_order_release);
    }

    void* take(std::size_t bytes) {
        bytes = whole_pages(bytes);
        if (!is_there()) return nullptr;
        std::size_t used = used_.load();
        do {
            if (used + bytes > bytes_.load()) return nullptr;
        } while (!used_.compare_exchange_weak(used, used + bytes));
        if (used + bytes > bytes_.load()) return nullptr;  // cut meanwhile
        return at(used);
    }

    void shrink(std::size_t bytes) {
        const std::size_t before = bytes_.load(), kept = cut_to(bytes);
        if (kept < before) system_pages::unmap(at(kept), before - kept);
    }

    void fold() {
        folded_to_ = bytes_.load();
        folded_from_ = cut_to(0);
        if (folded_from_ < folded_to_) {
            system_pages::forbid(at(folded_from_), folded_to_ - folded_from_);
        }
    }
    void unfold() {
        if (folded_from_ < folded_to_) {
            system_pages::allow(at(folded_from_), folded_to_ - folded_from_);
        }
        bytes_.store(folded_to_);
    }

  private:
    static constexpr std::size_t page = 4096;
    static std::size_t whole_pages(std::size_t bytes) { return (bytes + page - 1) & ~(page - 1); }

    void* at(std::size_t offset) const { return reinterpret_cast<void*>(base_.load() + offset); }

    // What was taken stays, also by who was quicker than this.
    std::size_t cut_to(std::size_t bytes) {
        const std::size_t before = bytes_.load();
        bytes_.store(std::clamp(whole_pages(bytes), std::min(used_.load(), before), before));
        return std::clamp(used_.load(), bytes_.load(), before);
    }

    std::atomic<std::uintptr_t> base_{0};
    std::atomic<std::size_t> bytes_{0}, used_{0};
    std::size_t folded_from_ = 0, folded_to_ = 0;
};

}  // namespace fil
