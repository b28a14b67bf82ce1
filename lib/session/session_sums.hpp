#pragma once
// Live and threads of a session, which its processes add to, each by itself: what they are where a
// process died in between. Made for the moment of asking. Only the supervisor; one thread.

#include <cstdint>
#include <span>

#include "session/joined_process.hpp"

namespace fil {

class session_sums {
  public:
    session_sums(session_page& page, std::span<joined_process* const> open)
        : page_(page), open_(open) {}

    // What no thread has published yet.
    std::int64_t pending() const;

    // Takes what a process still held, which has ended without closing its recording, out of live.
    void close(const joined_process& process) const;

    // Makes both the sums of what the processes say; false: one is in the middle of a change.
    bool try_to_correct() const;

  private:
    session_page& page_;
    std::span<joined_process* const> open_;
};

}  // namespace fil
