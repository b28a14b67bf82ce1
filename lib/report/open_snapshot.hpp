#pragma once
// Whatever a report can be drawn from, by its path: a snapshot file, a report's folder, recordings
// that processes left, a folder of these. Several are merged: bytes are added up, each process
// stays itself.
//
// What a file is, is told by its first bytes; names do not matter. In a folder everything else is
// passed over, and links (`latest`) too. Cold, any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/recorded_session.hpp"

namespace fil {

// What reads recordings, which needs names of native code: snapshot_of_recording_files(), where a
// program has all of that.
using recordings_reader = report::session_snapshot (*)(const std::vector<std::string>& paths,
                                                       std::optional<session_words_found> page);

// A folder is refused if more files than that are in it and below. Throws unreadable_snapshot
// (snapshot_file.hpp), its text with the path in it.
report::session_snapshot open_snapshots(const std::vector<std::string>& paths,
                                        recordings_reader read_recordings,
                                        std::size_t most_in_folder = 100'000);

}  // namespace fil
