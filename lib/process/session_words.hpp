#pragma once
// Live and peak of the session, and this process's part of them (fil/track/peak_words.hpp).
//
// The words stand on the session's page, which all its processes share, or on the page of a run;
// what the process added to them, in its recording's header, so that it can be taken back when the
// process ends. Any thread; no lock. Hot path: no allocation, no throw.

#include <cstdint>

#include "fil/base/inlining.hpp"
#include "fil/recording/layout.hpp"
#include "fil/track/peak_words.hpp"

namespace fil {

class session_words {
  public:
    static constexpr std::int64_t longest_hold_ns = 50'000'000;

    session_words(session_page& session, recording_header& process)
        : page_(&session), process_(&process), listening_(&session) {}

    // The words of a run's page, from nothing. Who listens stays the same.
    session_words started_on(session_page& page) const {
        for (auto* word : {&process_->live, &process_->peak, &page.live, &page.peak}) {
            word->store(0, relaxed);
        }
        page.threads.store(process_->threads.load(relaxed), relaxed);
        session_words words = *this;
        words.page_ = &page;
        return words;
    }

    const std::atomic<std::int64_t>& live() const { return page_->live; }
    std::atomic<std::int64_t>& peak() const { return page_->peak; }
    std::atomic<std::int64_t>& threads() const { return page_->threads; }

    // First to the part of this process: what it takes back when it ends is at least what it gave.
    std::int64_t add(std::int64_t change) const {
        raise_to(process_->peak, process_->live.fetch_add(change, relaxed) + change);
        const std::int64_t live = page_->live.fetch_add(change, relaxed) + change;
        if (process_->memory_is_low.load(relaxed) != 0) [[unlikely]]
            end_for_want_of_memory();
        return live;
    }

    void before_rise() const {
        if (page_->held_until.load(relaxed) != 0) [[unlikely]]
            wait_for_copy();
    }

    // The process ends: what is live now leaves the session, and `closed_at` says up to which peak
    // it took part. `pendings` is the sum of all threads' unpublished changes.
    void close(std::int64_t pendings) const;

    // exec failed: the process goes on.
    void reopen() const;

  private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    void wait_for_copy() const;
    void end_for_want_of_memory() const;  // out_of_memory.cpp; seldom returns

    session_page* page_;
    recording_header* process_;
    session_page* listening_;  // the session's, whatever is counted: for last words
};
static_assert(peak_words<session_words>);

}  // namespace fil
