#pragma once
// A recording that no report could be made of, kept in a file.
//
// Called by the supervisor, when the program has ended; any thread, no lock.

#include <string>

#include "fil/recording/view.hpp"

namespace fil {

// Copies what is used of a recording into a new file, mode 0600. Throws std::system_error.
void keep_recording(const recording_view& recording, const std::string& path);

}  // namespace fil
