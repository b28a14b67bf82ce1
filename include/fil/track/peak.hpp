#pragma once
// How live grows and the peak rises.
//
// A thread keeps its change to `live` in its own `pending` word (in the recording, so that it is
// not lost when the process dies) and adds it to the shared words once it exceeds a limit: 16 KiB,
// or less where many threads share a small peak. What a thread believes is live + its own pending:
// exact while one thread in one process records, off by what others may keep to themselves
// otherwise. Before anything is subtracted, that belief is compared with the peak; a higher one is
// published and raises it:
//
//     belief = live + pending
//     if (belief > peak) { live += pending; pending = 0; raise peak to live }
//
// The peak is one word, raised by compare-and-swap. (Two words, peak and epoch, would let a thread
// stopped between the two writes ruin it.) A reader that finds live + all pendings above the peak
// has found a newer peak: now.
//
// Where the words stand is a parameter (track/peak_words.hpp).
//
// Hot path: no allocation, no throw. On the common path no read-modify-write of a shared line.

#include <algorithm>

#include "fil/base/inlining.hpp"
#include "fil/base/plain_word.hpp"
#include "fil/track/peak_words.hpp"

namespace fil {

// What a thread may keep to itself when so many record: all together little next to the peak.
constexpr std::int64_t limit_of_pending(std::int64_t threads, std::int64_t peak) {
    constexpr std::int64_t most = 16 * 1024, least = 64, share = 256;
    return std::clamp(std::max(most, peak / share) / std::max<std::int64_t>(threads, 1), least,
                      most);
}

// What they may keep together, having come one by one.
constexpr std::int64_t limit_of_pendings(std::int64_t threads, std::int64_t peak) {
    std::int64_t sum = 0;
    for (std::int64_t there = 1; there <= threads; ++there) sum += limit_of_pending(there, peak);
    return sum;
}

template <peak_words Words>
class peak_tracker {
  public:
    explicit peak_tracker(Words words) : words_(words) {}

    const Words& words() const { return words_; }

    // From now on live and peak are others.
    void use(Words words) { words_ = words; }

    std::int64_t peak() const { return words_.peak().load(relaxed); }

    std::int64_t live() const { return words_.live().load(relaxed); }

    FIL_HOT void before_decrease(std::atomic<std::int64_t>& pending) const {
        if (live() + pending.load(relaxed) > peak()) [[unlikely]]
            raise_peak(pending);
    }

    // -limit <= pending <= limit, in one comparison.
    FIL_HOT bool may_stay_pending(std::int64_t pending) const {
        return static_cast<std::uint64_t>(pending + plainly(limit_)) <= plainly(twice_limit_);
    }

    FIL_RARE void add_thread() const {
        words_.add_thread();
        adjust_limit();
    }
    // Threads have come and gone, or the peak is another.
    FIL_RARE void adjust_limit() const {
        const std::int64_t limit = limit_of_pending(words_.threads().load(relaxed), peak());
        if (limit == limit_.load(relaxed)) return;  // a line that all threads read
        limit_.store(limit, relaxed);
        twice_limit_.store(static_cast<std::uint64_t>(2 * limit), relaxed);
    }

    FIL_HOT void change(std::atomic<std::int64_t>& pending, std::int64_t bytes) const {
        const std::int64_t sum = pending.load(relaxed) + bytes;
        pending.store(sum, relaxed);
        if (!may_stay_pending(sum)) [[unlikely]] {
            publish(pending);
            adjust_limit();
        }
    }

    // Adds this thread's pending change to the shared words; gives the new live.
    FIL_RARE std::int64_t publish(std::atomic<std::int64_t>& pending) const {
        const std::int64_t change = pending.load(relaxed);
        pending.store(0, relaxed);
        return words_.add(change);
    }

    FIL_RARE void raise_peak(std::atomic<std::int64_t>& pending) const {
        words_.before_rise();
        raise_to(words_.peak(), publish(pending));
    }

    // As far as is known of all threads, so much is live.
    FIL_RARE void raise_peak_to(std::int64_t live) const {
        if (live <= peak()) return;
        words_.before_rise();
        raise_to(words_.peak(), live);
    }

  private:
    static constexpr std::int64_t alone = limit_of_pending(1, 0);

    static constexpr auto relaxed = std::memory_order_relaxed;

    // In this order, what every event reads is in the recorder's first cache line.
    mutable std::atomic<std::int64_t> limit_{alone};
    mutable std::atomic<std::uint64_t> twice_limit_{2 * alone};
    Words words_;
};

}  // namespace fil
