#pragma once
// The seam of the peak: where live and peak stand, and what else there is to do when they change.
//
// Concept `peak_words`, a handle (copied; it owns nothing) with
//
//     live(), peak()   the two words, in bytes; signed, since one thread may free what another took
//     threads()        how many threads have counters and may keep changes to themselves
//     add_thread()     one more has
//     add(change)      to live, and to whatever else counts along; answers the new live. Called
//                      whenever a thread publishes, where a program that shall not take more memory
//                      can be stopped.
//     before_rise()    the peak is about to rise; may wait, as long as the present one shall stay
//
// Any thread, in the middle of an event: no allocation, no throw. The words are shared by all that
// are profiled together, perhaps by several processes (lib/process).

#include <atomic>
#include <concepts>
#include <cstdint>

namespace fil {

// To at least `value`.
inline void raise_to(std::atomic<std::int64_t>& highest, std::int64_t value) {
    constexpr auto relaxed = std::memory_order_relaxed;
    std::int64_t old = highest.load(relaxed);
    while (value > old && !highest.compare_exchange_weak(old, value, relaxed)) {
    }
}

template <typename Words>
concept peak_words = std::copyable<Words> && requires(const Words& words, std::int64_t change) {
    { words.live() } -> std::same_as<const std::atomic<std::int64_t>&>;
    { words.peak() } -> std::same_as<std::atomic<std::int64_t>&>;
    { words.threads() } -> std::same_as<const std::atomic<std::int64_t>&>;
    words.add_thread();
    { words.add(change) } -> std::same_as<std::int64_t>;
    words.before_rise();
};

struct live_and_peak {
    alignas(64) std::atomic<std::int64_t> live{0};
    alignas(64) std::atomic<std::int64_t> peak{0};
    std::atomic<std::int64_t> threads{0};
};

// One process that counts for itself: nobody waits, and it may take all the memory it wants.
class own_words {
  public:
    own_words(live_and_peak& where) : where_(&where) {}

    const std::atomic<std::int64_t>& live() const { return where_->live; }
    std::atomic<std::int64_t>& peak() const { return where_->peak; }
    const std::atomic<std::int64_t>& threads() const { return where_->threads; }
    void add_thread() const { where_->threads.fetch_add(1, std::memory_order_relaxed); }
    std::int64_t add(std::int64_t change) const {
        return where_->live.fetch_add(change, std::memory_order_relaxed) + change;
    }
    void before_rise() const {}

  private:
    live_and_peak* where_;
};
static_assert(peak_words<own_words>);

}  // namespace fil
