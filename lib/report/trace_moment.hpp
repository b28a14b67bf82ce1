#pragma once
// A moment of a trace, as a snapshot: who held what then, of the process with most events.
//
// The trace has the process's recording, whose counters are set to what its events say of that
// moment; so it is read, named and drawn as any recording. Cold; throws unreadable_snapshot and
// std::system_error.

#include <string>

#include "fil/report/session_snapshot.hpp"
#include "fil/trace/trace_reader.hpp"
#include "session/joined_process.hpp"

namespace fil {

// `seconds` since the trace began; below 0: when most was live.
trace::bytes content_of_trace(const std::string& path);
// Who the callstacks are, in memory of ours with room for facts. Throws also where it is not there.
shared_mapping recording_of_trace(const trace::reader& from, std::size_t process);
report::session_snapshot snapshot_of_trace(const std::string& path, double seconds);

}  // namespace fil
