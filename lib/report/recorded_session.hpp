#pragma once
// Recordings that processes of one session left in files, as a snapshot.
//
// Without the session's page (a recording that was kept for itself) its peak is told by the
// recording. What only a supervisor knows is left out. Cold; throws damaged_recording if nothing
// can be read.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fil/report/session_snapshot.hpp"
#include "report/recording_file.hpp"

namespace fil {

// The session's words, as its page has them.
struct session_words_found {
    std::int64_t live = 0;
    std::int64_t peak = 0;
    std::int32_t founder = 0;     // the first process; 0: not known
    std::uint64_t gone = 0;       // processes whose recording was not needed,
    std::int64_t gone_peak = 0;   //   and the highest peak of one
    std::uint64_t sandboxed = 0;  // that are not recorded
};

report::session_snapshot snapshot_of_recordings(const std::vector<recording_file>& recordings,
                                                std::optional<session_words_found> page);

// In memory is one of them, and of the others what they held at the peak. What one of several
// cannot tell is said; of one alone that is all there is to say: throws unreadable_snapshot, its
// text with the path in it.
report::session_snapshot snapshot_of_recording_files(const std::vector<std::string>& paths,
                                                     std::optional<session_words_found> page);

}  // namespace fil
