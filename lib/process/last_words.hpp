#pragma once
// The last words of a process that ran out of memory.
//
// It asks the supervisor, through its recording, to write what is alive now, waits until that is
// done, gives the C library a moment to write out its buffers, and exits with status 53. Where
// nobody hears it the process goes on, as it would have without us.
//
// Called inside an event, guard raised, perhaps with the recorder's locks held: nothing here takes
// one, and the process ends. No malloc, no throw.

#include <cstdint>

#include "fil/recording/layout.hpp"

namespace fil {

inline constexpr int out_of_memory_status = 53;

// A request for `bytes` failed, on behalf of `callstack`.
void end_for_failed_request(session_page& session, recording_header& process, std::uint64_t bytes,
                            callstack_id callstack);

// The supervisor's end: what was asked for has been done.
void hear_last_words(recording_header& process);

}  // namespace fil
