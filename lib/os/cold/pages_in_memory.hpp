#pragma once
// Which pages of a range of this process are in memory. Cold; any thread, no state.

#include <cstddef>

namespace fil::os {

std::size_t page_bytes();

// Of each page that begins in the range a byte, odd if it is there; false if the system does not
// tell.
bool see_pages_in_memory(void* start, std::size_t bytes, unsigned char* states);

}  // namespace fil::os
