#include "report/live_copy.hpp"

#include "os/os.hpp"
#include "process/session_words.hpp"

namespace fil {
namespace {

constexpr int attempts = 3;

class held_peak {
  public:
    held_peak(session_page& page, std::int64_t live) : page_(page) {
        page_.held_until.store(os::monotonic_ns() + session_words::longest_hold_ns,
                               std::memory_order_seq_cst);
        raise_to(page_.peak, live);
        peak_ = page_.peak.load(std::memory_order_acquire);
    }
    ~held_peak() { page_.held_until.store(0, std::memory_order_release); }
    held_peak(const held_peak&) = delete;

    std::int64_t peak() const { return peak_; }
    bool rose() const { return page_.peak.load(std::memory_order_acquire) != peak_; }

  private:
    session_page& page_;
    std::int64_t peak_ = 0;
};

}  // namespace

live_copy copy_live(const session& session, const std::vector<recording_view>& recordings) {
    session_page& page = session.page();
    const std::uint32_t requested = page.reports_requested.load(std::memory_order_acquire);
    live_copy copy;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const held_peak held(page, plausible(page.live) + session.pending());
        copy.peak = held.peak();
        copy.usage.clear();
        for (const recording_view& recording : recordings)
            copy.usage.push_back(
                unless_damaged([&] { return usage_at_named_peak(recording, held.peak()); }));
        copy.in_motion = held.rose();
        if (!copy.in_motion) break;
    }
    page.reports_copied.store(requested, std::memory_order_release);
    return copy;
}

}  // namespace fil
