#pragma once
// Landmarks: the return addresses at which a pool's workers enter a job. Outward of one lies the
// worker's loop, the same for ever; inward lie the frames of the job that runs.
//
// Learnt by comparing two stacks of one thread, as it waited for work and as it works:
//
//     waits:  start ─ worker ─ loop ─ wait
//     works:  start ─ worker ─ loop ─ execute ─ ...
//                              └ the same frame, another return address: a landmark
//
// One that was seen a few times is believed (waits inside jobs teach false ones). Known to all
// threads, since a library's workers run one loop. Any thread; no locks. Hot path: no allocation,
// no throw.

#include <atomic>
#include <bit>
#include <cstdint>

#include "fil/capture/job_slot.hpp"

namespace fil {

// A frame: the return address into it, which stands in the word below `cfa`.
struct stack_place {
    std::uintptr_t code, cfa;
};

struct landmark {
    std::atomic<std::uintptr_t> code{0};
    std::atomic<std::uint32_t> times{0};
    std::atomic<std::uint32_t> frame_bytes{0};  // of the loop
    job_slot slot;

    bool is_believed() const { return times.load(std::memory_order_relaxed) >= 3; }
};

class pool_landmarks {
  public:
    static constexpr std::uint32_t most = 64;

    // Both outermost first.
    void learn(const stack_place* waits, std::uint32_t of_waits, const stack_place* works,
               std::uint32_t of_works) {
        for (std::uint32_t i = 0; i < of_waits && i < of_works; ++i) {
            if (waits[i].cfa != works[i].cfa) return;
            if (waits[i].code == works[i].code) continue;
            const std::uintptr_t frame = i != 0 ? works[i - 1].cfa - works[i].cfa : 0;
            return note(works[i].code, static_cast<std::uint32_t>(frame));
        }
    }

    // The believed landmark that this word is, or nullptr.
    landmark* find(std::uintptr_t word) {
        if ((filter_.load(std::memory_order_relaxed) >> (hash(word) & 63) & 1) == 0) [[likely]]
            return nullptr;
        landmark* found = place_of(word);
        const bool is_it = found != nullptr && found->code.load(std::memory_order_relaxed) == word;
        return is_it && found->is_believed() ? found : nullptr;
    }

  private:
    static std::uint32_t hash(std::uintptr_t word) {
        return static_cast<std::uint32_t>((word * 0x9E3779B97F4A7C15u) >> 52);
    }

    // Where it stands, or would; nullptr if all places are others'.
    landmark* place_of(std::uintptr_t word) {
        for (std::uint32_t tries = 0; tries != 8; ++tries) {
            landmark& each = all_[(hash(word) + tries) % most];
            const std::uintptr_t code = each.code.load(std::memory_order_relaxed);
            if (code == word || code == 0) return &each;
        }
        return nullptr;
    }

    void note(std::uintptr_t word, std::uint32_t frame_bytes) {
        landmark* place = place_of(word);
        if (place == nullptr) return;
        std::uintptr_t found = 0;
        if (!place->code.compare_exchange_strong(found, word) && found != word) return;
        place->frame_bytes.store(frame_bytes, std::memory_order_relaxed);
        if (place->times.fetch_add(1, std::memory_order_relaxed) + 1 >= 3)
            filter_.fetch_or(std::uint64_t{1} << (hash(word) & 63), std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t> filter_{0};
    landmark all_[most];
};

}  // namespace fil
