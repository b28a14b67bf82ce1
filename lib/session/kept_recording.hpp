#pragma once
// A recording that no report could be made of, kept in a file.
//
// Called by the supervisor, when the program has ended; any thread, no lock.

#include <string>

#include "fil/recording/view.hpp"
#include "session/joined_process.hpp"

namespace fil {

// A copy in private memory, in which there is room for facts; none where there is no memory.
shared_mapping with_room_for_facts(const recording_view& recording);

// Copies what is used of a recording into a new file, mode 0600. Throws std::system_error.
void keep_recording(const recording_view& recording, const std::string& path);

}  // namespace fil
