#include "process/session_words.hpp"

#include "os/linux_system.hpp"
#include "os/os.hpp"

namespace fil {

// A report is being copied, which a higher peak would spoil. Bounded: the hold has an end, and one
// that ends later is no hold, but what somebody scribbled there.
void session_words::wait_for_copy() const {
    constexpr int long_enough = 1 << 22;  // where a sandbox forbids to look at the clock
    const bool may_look = system_waiting::may_yield();
    for (int tries = 0; may_look || tries < long_enough; ++tries) {
        const std::int64_t until = page_->held_until.load(std::memory_order_acquire);
        if (until == 0) return;
        if (may_look) {
            const std::int64_t now = os::monotonic_ns();
            if (until <= now || until > now + longest_hold_ns) return;
        }
        system_waiting::yield();
    }
}

void session_words::close(std::int64_t pendings) const {
    if (process_->closed.load(std::memory_order_acquire) != 0) return;
    const auto sum = [&](const std::atomic<std::int64_t>& live) {  // of any two words
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(live.load(relaxed)) +
                                         static_cast<std::uint64_t>(pendings));
    };
    raise_to(page_->peak, sum(page_->live));
    raise_to(process_->peak, sum(process_->live));
    process_->closed_at.store(peak(), relaxed);  // before `closed`, which says that it holds
    const change_of_both in_the_middle(*process_);
    if (process_->closed.exchange(1, std::memory_order_acq_rel) != 0) return;
    page_->live.fetch_sub(process_->live.load(relaxed), relaxed);
    page_->threads.fetch_sub(process_->threads.load(relaxed), relaxed);
}

void session_words::reopen() const {
    const change_of_both in_the_middle(*process_);
    if (process_->closed.exchange(0, std::memory_order_acq_rel) == 0) return;
    page_->live.fetch_add(process_->live.load(relaxed), relaxed);
    page_->threads.fetch_add(process_->threads.load(relaxed), relaxed);
}

}  // namespace fil
