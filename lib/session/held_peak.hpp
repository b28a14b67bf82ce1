#pragma once
// The session's peak is raised to what is live, and does not rise while this lives (50 ms at
// most): each counter then knows what it was at that moment. Cold; any thread.

#include <cstdint>

#include "os/os.hpp"
#include "process/session_words.hpp"

namespace fil {

class held_peak {
  public:
    // `live`: with what threads have not published.
    held_peak(session_page& page, std::int64_t live) : page_(page) {
        page_.held_until.store(os::monotonic_ns() + session_words::longest_hold_ns,
                               std::memory_order_seq_cst);
        raise_to(page_.peak, live);
        peak_ = page_.peak.load(std::memory_order_acquire);
    }
    ~held_peak() { page_.held_until.store(0, std::memory_order_release); }
    held_peak(const held_peak&) = delete;

    std::int64_t peak() const { return peak_; }
    // All the same: it was held for too long, or a process ended.
    bool rose() const { return page_.peak.load(std::memory_order_acquire) != peak_; }

  private:
    session_page& page_;
    std::int64_t peak_ = 0;
};

}  // namespace fil
