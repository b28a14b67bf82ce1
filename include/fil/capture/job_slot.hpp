#pragma once
// Where a pool's worker keeps the job that it runs: a place on its stack, by its distance from the
// landmark (pool_landmarks.hpp).
//
//     ... job's frames | return address into the loop | loop's frame: ... job ... | ...
//     <- inward                    0                              +3      outward ->
//
// Learnt from samples, one a job: the place where nearly always stands what leads to an asker
// (evidence), and not always the same. What is always the same is the pool itself, say. Several
// threads may sample at once: counters are then a little off, which the thresholds allow for.
// Hot path: no allocation, no throw.

#include <atomic>
#include <cstdint>
#include <initializer_list>

#include "fil/base/stack_words.hpp"

namespace fil {

class job_slot {
  public:
    static constexpr int inward = 64, outward = 64;  // words
    static constexpr std::uint32_t enough = 64, most_samples = 512;

    // What a thread remembers of its last sample.
    struct last_sample {
        const job_slot* of = nullptr;
        std::uintptr_t words[inward + outward] = {};
    };

    // In words from the landmark; 0: not known (that is the landmark itself).
    int offset() const { return offset_.load(std::memory_order_relaxed); }
    bool is_learning() const { return samples_.load(std::memory_order_relaxed) < most_samples; }

    // The landmark stands at `mark`; what may be read is from..end. leads(word): is it evidence?
    template <typename Leads>
    void sample(last_sample& last, std::uintptr_t mark, std::uintptr_t from, std::uintptr_t end,
                Leads leads) {
        const auto place = [&](int i) { return mark + (i - inward) * sizeof(std::uintptr_t); };
        const bool is_first = last.of != this;
        bool is_new_job = is_first;
        for (int i = inward - 8; i < inward + 8 && !is_new_job; ++i)
            is_new_job = is_within(place(i), from, end) && stack_word(place(i)) != last.words[i];
        if (!is_new_job) return;
        last.of = this;
        for (int i = 0; i < inward + outward; ++i) {
            if (!is_within(place(i), from, end)) continue;
            const std::uintptr_t word = stack_word(place(i));
            if (!is_first && word != last.words[i]) add_one(counts_[i].changes);
            if (!is_first && leads(word)) add_one(counts_[i].evidence);
            last.words[i] = word;
        }
        if (is_first) return;
        const std::uint32_t samples = samples_.fetch_add(1, std::memory_order_relaxed) + 1;
        if (samples % enough == 0) judge(samples);
    }

  private:
    // Of all threads of the pool: one that goes uncounted is no matter.
    using counter = std::atomic<std::uint16_t>;
    struct counts {
        counter evidence{0}, changes{0};
    };
    static void add_one(counter& one) {
        one.store(one.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    static bool is_within(std::uintptr_t at, std::uintptr_t from, std::uintptr_t end) {
        return at >= from && at < end;
    }
    // 98 % evidence, 35 % changes: with fewer changes, permanent words pass, which feed their own
    // evidence.
    bool is_good(int i, std::uint32_t samples) const {
        return counts_[i].evidence * 100u >= samples * 98 &&
               counts_[i].changes * 100u >= samples * 35;
    }
    void judge(std::uint32_t samples) {
        for (int distance = 1; distance < inward; ++distance) {
            for (const int offset : {-distance, distance}) {
                if (!is_good(inward + offset, samples)) continue;
                return offset_.store(offset, std::memory_order_relaxed);
            }
        }
        offset_.store(0, std::memory_order_relaxed);
    }

    std::atomic<int> offset_{0};
    std::atomic<std::uint32_t> samples_{0};
    counts counts_[inward + outward] = {};
};

}  // namespace fil
