#pragma once
// Live and peak of the session, and this process's part of them.
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
// Hot path: no allocation, no throw. On the common path no read-modify-write of a shared line.

#include <time.h>

#include <algorithm>

#include "fil/base/inlining.hpp"
#include "fil/base/plain_word.hpp"
#include "fil/base/spin_lock.hpp"
#include "fil/recording/layout.hpp"

namespace fil {

inline std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

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

class peak_tracker {
  public:
    static constexpr std::int64_t longest_hold_ns = 50'000'000;

    peak_tracker() = default;
    peak_tracker(session_page& session, recording_header& process)
        : session_(&session), process_(&process), listening_(&session) {}

    // From now on live and peak are those of another page, a run's. Who listens stays the same.
    void use(session_page& page) {
        page.threads.store(process_->threads.load(relaxed), relaxed);
        session_ = &page;
    }

    std::int64_t peak() const { return session_->peak.load(relaxed); }

    std::int64_t live() const { return session_->live.load(relaxed); }

    FIL_HOT void before_decrease(std::atomic<std::int64_t>& pending) const {
        if (live() + pending.load(relaxed) > peak()) [[unlikely]]
            raise_peak(pending);
    }

    // -limit <= pending <= limit, in one comparison.
    FIL_HOT bool may_stay_pending(std::int64_t pending) const {
        return static_cast<std::uint64_t>(pending + plainly(limit_)) <= plainly(twice_limit_);
    }

    FIL_RARE void add_thread() const {
        session_->threads.fetch_add(1, relaxed);
        process_->threads.fetch_add(1, relaxed);
        adjust_limit();
    }
    // Threads have come and gone, or the peak is another.
    FIL_RARE void adjust_limit() const {
        const std::int64_t limit = limit_of_pending(session_->threads.load(relaxed), peak());
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

    // Adds this thread's pending change to the shared words; gives the session's new live.
    FIL_RARE std::int64_t publish(std::atomic<std::int64_t>& pending) const {
        const std::int64_t change = pending.load(relaxed);
        pending.store(0, relaxed);
        raise(process_->peak, process_->live.fetch_add(change, relaxed) + change);
        const std::int64_t live = session_->live.fetch_add(change, relaxed) + change;
        if (process_->memory_is_low.load(relaxed) != 0) [[unlikely]]
            end_for_want_of_memory();
        return live;
    }

    FIL_RARE void raise_peak(std::atomic<std::int64_t>& pending) const {
        if (session_->held_until.load(relaxed) != 0) [[unlikely]]
            wait_for_copy();
        raise(session_->peak, publish(pending));
    }

    // As far as is known of all threads, so much is live.
    FIL_RARE void raise_peak_to(std::int64_t live) const {
        if (live <= peak()) return;
        if (session_->held_until.load(relaxed) != 0) wait_for_copy();
        raise(session_->peak, live);
    }

    // A report is being copied, which a higher peak would spoil. Bounded: the hold has an end, and
    // one that ends later is no hold, but what somebody scribbled there.
    FIL_RARE void wait_for_copy() const {
        constexpr int long_enough = 1 << 22;  // where a sandbox forbids to look at the clock
        for (int tries = 0; spin_lock::may_yield() || tries < long_enough; ++tries) {
            const std::int64_t until = session_->held_until.load(std::memory_order_acquire);
            if (until == 0) return;
            if (spin_lock::may_yield()) {
                const std::int64_t now = monotonic_ns();
                if (until <= now || until > now + longest_hold_ns) return;
            }
            spin_lock::yield();
        }
    }

    static void raise(std::atomic<std::int64_t>& highest, std::int64_t value) {
        std::int64_t old = highest.load(relaxed);
        while (value > old && !highest.compare_exchange_weak(old, value, relaxed)) {
        }
    }

    // The process ends: what is live now leaves the session, and `closed_at` says up to which peak
    // it took part. `pendings` is the sum of all threads' unpublished changes.
    void close(std::int64_t pendings) const {
        if (process_->closed.load(std::memory_order_acquire) != 0) return;
        const auto sum = [&](const std::atomic<std::int64_t>& live) {  // of any two words
            return static_cast<std::int64_t>(static_cast<std::uint64_t>(live.load(relaxed)) +
                                             static_cast<std::uint64_t>(pendings));
        };
        raise(session_->peak, sum(session_->live));
        raise(process_->peak, sum(process_->live));
        process_->closed_at.store(peak(), relaxed);  // before `closed`, which says that it holds
        if (process_->closed.exchange(1, std::memory_order_acq_rel) != 0) return;
        session_->live.fetch_sub(process_->live.load(relaxed), relaxed);
        session_->threads.fetch_sub(process_->threads.load(relaxed), relaxed);
    }

    // exec failed: the process goes on.
    void reopen() const {
        if (process_->closed.exchange(0, std::memory_order_acq_rel) == 0) return;
        session_->live.fetch_add(process_->live.load(relaxed), relaxed);
        session_->threads.fetch_add(process_->threads.load(relaxed), relaxed);
    }

  private:
    static constexpr std::int64_t alone = limit_of_pending(1, 0);

    void end_for_want_of_memory() const;  // lib/process/out_of_memory.cpp; seldom returns

    static constexpr auto relaxed = std::memory_order_relaxed;

    // In this order, what every event reads is in the recorder's first cache line.
    session_page* session_ = nullptr;
    mutable std::atomic<std::int64_t> limit_{alone};
    mutable std::atomic<std::uint64_t> twice_limit_{2 * alone};
    recording_header* process_ = nullptr;
    session_page* listening_ = nullptr;  // the session's, whatever is counted: for last words
};

}  // namespace fil
