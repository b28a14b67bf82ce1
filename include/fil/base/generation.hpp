#pragma once
// A number that rises when ids cached outside libfil are no longer to be trusted, and why it rose:
// usually because one watched block was freed, and then only what was keyed by that is wrong.
//
// The causes of the last rises are kept. Whoever writes a cause owns its slot meanwhile, by a mark
// in the slot's number; if two meet there, a cause is lost, and a cause that is not known stands
// for everything. Any thread. Hot path (uncommon part): no allocation, no throw, no lock.

#include <atomic>
#include <cstdint>

namespace fil {

class generation {
  public:
    static constexpr std::uint64_t causes = 64;

    std::atomic<std::uint64_t>& number() { return number_; }
    const std::atomic<std::uint64_t>& number() const { return number_; }

    void raise() { number_.fetch_add(1, std::memory_order_acq_rel); }

    // A block of whose size nobody knows (0) is no cause that helps.
    void raise(std::uintptr_t block, std::uint64_t bytes) {
        if (bytes == 0) return raise();
        const std::uint64_t risen = number_.fetch_add(1, std::memory_order_acq_rel) + 1;
        cause& place = causes_[risen % causes];
        std::uint64_t before = place.number.load(std::memory_order_relaxed);
        if (before >= risen || !place.number.compare_exchange_strong(before, being_written,
                                                                     std::memory_order_acquire)) {
            return;
        }
        std::atomic_thread_fence(std::memory_order_release);
        place.block.store(block, std::memory_order_relaxed);
        place.bytes.store(bytes, std::memory_order_relaxed);
        place.number.store(risen, std::memory_order_release);
    }

    // The block that was freed when the number rose to `risen`. False if that is not known.
    bool cause_of(std::uint64_t risen, std::uintptr_t& block, std::uint64_t& bytes) const {
        const cause& place = causes_[risen % causes];
        if (place.number.load(std::memory_order_acquire) != risen) return false;
        block = place.block.load(std::memory_order_relaxed);
        bytes = place.bytes.load(std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_acquire);
        return place.number.load(std::memory_order_relaxed) == risen;
    }

  private:
    static constexpr std::uint64_t being_written = ~std::uint64_t{0};
    struct cause {
        std::atomic<std::uint64_t> number, block, bytes;
    };
    std::atomic<std::uint64_t> number_{1};
    cause causes_[causes] = {};
};

}  // namespace fil
