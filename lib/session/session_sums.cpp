#include "session/session_sums.hpp"

#include "fil/recording/at_peak.hpp"
#include "process/session_words.hpp"

namespace fil {

std::int64_t session_sums::pending() const {
    std::int64_t sum = 0;
    for (const joined_process* process : open_) {
        if (!process->closed() && process->run() == nullptr)
            sum = plausible(sum + process->view().pending());
    }
    return sum;
}

// Of one that was killed the counters tell what it held.
void session_sums::close(const joined_process& process) const {
    if (process.closed()) return;
    // A process that records on request has no part in the session's live, but in its run's.
    const run_record* run = process.run();
    session_page& where = run == nullptr ? page_ : const_cast<session_page&>(run->page);
    const std::int64_t published = plausible(process.header().live.load());
    session_words(where, process.header()).close(used_now(process.view()) - published);
}

// What each process added is read while no process is in the middle of a change: as many were done
// before as were begun afterwards. Who is dead is in the middle of nothing.
bool session_sums::try_to_correct() const {
    std::uint32_t done = 0, begun = 0;
    std::int64_t live = 0, threads = 0;
    for (const joined_process* process : open_)
        if (!process->ended) done += process->header().changes_done.load();
    const std::int64_t live_said = plausible(page_.live.load());
    const std::int64_t threads_said = page_.threads.load();
    for (const joined_process* process : open_) {
        if (process->closed() || process->run() != nullptr) continue;
        live = plausible(live + plausible(process->header().live.load()));
        threads += process->header().threads.load();
    }
    for (const joined_process* process : open_)
        if (!process->ended) begun += process->header().changes_begun.load();
    if (done != begun) return false;
    page_.live.fetch_add(live - live_said);
    page_.threads.fetch_add(threads - threads_said);
    return true;
}

}  // namespace fil
