#include "report/live_copy.hpp"

#include "session/held_peak.hpp"

namespace fil {
namespace {

constexpr int attempts = 3;

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
