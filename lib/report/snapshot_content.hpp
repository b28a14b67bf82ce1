#pragma once
// The content of a snapshot file, before it is packed. Cold.

#include <string>
#include <string_view>

#include "fil/report/session_snapshot.hpp"

namespace fil {

std::string content_of(const report::session_snapshot& from);

// Checks every index, and that numbers can be added up. Throws damaged_content.
report::session_snapshot snapshot_of_content(std::string_view content);

}  // namespace fil
