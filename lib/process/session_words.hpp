#pragma once
// Live and peak of the session, and this process's part of them (fil/track/peak_words.hpp).
//
// The words stand on the session's page, which all its processes share, or on the page of a run;
// what the process added to them, in its recording's header, so that it can be taken back when the
// process ends. Any thread; no lock. Hot path: no allocation, no throw.

#include <cstdint>
#include <initializer_list>

#include "fil/base/inlining.hpp"
#include "fil/base/plain_word.hpp"
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
    const std::atomic<std::int64_t>& threads() const { return page_->threads; }
    void add_thread() const {
        const change_of_both in_the_middle(*process_);
        page_->threads.fetch_add(1, relaxed);
        process_->threads.fetch_add(1, relaxed);
    }

    std::int64_t add(std::int64_t change) const {
        const std::int64_t live = add_to_both(change);
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

    // Around each change of what the page and this process's header say alike. A process may be
    // killed in the middle: then the supervisor makes the session's words the sums of the
    // processes' again, when it finds all others outside (lib/session/session.cpp).
    class change_of_both {
      public:
        explicit change_of_both(recording_header& process) : process_(process) {
            process_.changes_begun.fetch_add(1, std::memory_order_acq_rel);
        }
        ~change_of_both() { process_.changes_done.fetch_add(1, std::memory_order_acq_rel); }
        change_of_both(const change_of_both&) = delete;

      private:
        recording_header& process_;
    };

    std::int64_t add_to_both(std::int64_t change) const {
        const change_of_both in_the_middle(*process_);
        raise_to(process_->peak, process_->live.fetch_add(change, relaxed) + change);
        return page_->live.fetch_add(change, relaxed) + change;
    }

    void wait_for_copy() const;
    void end_for_want_of_memory() const;  // last_words.cpp; seldom returns

    seldom_written<session_page*> page_;
    recording_header* process_;
    session_page* listening_;  // the session's, whatever is counted: for last words
};
static_assert(peak_words<session_words>);

}  // namespace fil
