#pragma once
// A look: what all processes of a session hold now, copied into a file in memory for somebody who
// is not the supervisor (`fil-profile live`). The supervisor's child only copies counters; reading,
// with names of native code, is the viewer's work, who keeps what it has found for the next look.
//
// Numbers and texts one after the other, then, each at a page, the recording of each process, as
// small as compact_recording.hpp makes it. Of one version, and safe to read whatever is in it:
// every length is checked. Cold; throws.

#include <cstdint>
#include <string>
#include <vector>

#include "fil/recording/view.hpp"
#include "fil/report/facts.hpp"
#include "os/file_descriptor.hpp"
#include "session/joined_process.hpp"
#include "session/session.hpp"

namespace fil {

struct looked_process {
    std::int32_t pid = 0;
    std::int64_t peak = 0;  // its own
    std::string name;
    std::string executable;
    std::string command;                  // arguments, each ended by a zero byte
    std::uint64_t offset = 0, bytes = 0;  // of its recording; none: it holds nothing
};

struct look {
    std::int64_t peak = 0;  // so far
    std::uint64_t ended = 0;
    report::facts about;  // what the supervisor knows
    std::vector<looked_process> processes;
    shared_mapping memory;

    recording_view recording_of(const looked_process& process) const {
        return {static_cast<const std::byte*>(memory.base()) + process.offset, process.bytes};
    }
};

// `run` knows how `program` was started, and when; that one comes first.
file_descriptor write_look(const session& session, std::int32_t program,
                           const report::facts& about);

// Throws damaged_recording.
look read_look(int file);

}  // namespace fil
