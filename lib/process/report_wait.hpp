#pragma once
// A process asks the supervisor for a report of the peak so far, from a signal handler.
//
// Two words in the session's page: how often it was asked, and how many of these requests have been
// served. The supervisor looks at the first every few milliseconds. Async-signal-safe; keeps errno.

#include <cstdint>

#include "fil/recording/layout.hpp"

namespace fil {

// Returns when the counters are copied, after so many milliseconds at the latest.
void request_report(session_page& session, std::uint32_t milliseconds);

}  // namespace fil
