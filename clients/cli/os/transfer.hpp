// Bytes that come and go as they are.
#pragma once

#include <string>
#include <string_view>

namespace fil::cli {

// Appends what is there, of a descriptor that does not block; a few MiB at most at a time.
void read_at_once(int from, std::string& to);

// Waits where it has to. False where it cannot be written.
bool write_all(int to, std::string_view text);

}  // namespace fil::cli
