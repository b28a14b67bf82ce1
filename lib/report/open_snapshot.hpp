#pragma once
// Whatever a report can be drawn from, by its path: a snapshot file, a report's folder, recordings
// that processes left, a folder of these. Several are merged: bytes are added up, each process
// stays itself.
//
// What a file is, is told by its first bytes; names do not matter. In a folder everything else is
// passed over, and links (`latest`) too. Cold, any thread.

#include <string>
#include <vector>

#include "fil/report/session_snapshot.hpp"

namespace fil {

// Throws unreadable_snapshot (snapshot_file.hpp), its text with the path in it.
report::session_snapshot open_snapshots(const std::vector<std::string>& paths);

}  // namespace fil
