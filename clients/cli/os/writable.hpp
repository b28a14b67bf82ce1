// Whether a directory can be written into, and whether it is safe to.
#pragma once

#include <string>

namespace fil::cli {

// Tried, with a file that goes at once: permissions say little (root, read-only file systems,
// quotas). In words; empty: it can.
std::string why_not_writable(const std::string& directory);

// In a directory where all may write, somebody may have put a link for us to follow.
bool is_planted_link(const std::string& path);

void remove_empty_directory(const std::string& path);  // of another nothing goes

}  // namespace fil::cli
