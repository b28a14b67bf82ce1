// Waiting for something to happen: every event of the supervisor's comes through a descriptor.
#pragma once

#include <initializer_list>

namespace fil::cli {

// Until one of them can be read, or its other end is closed, or a signal came; at most so many
// milliseconds (-1: however long). Whether one can. A number below 0 is none.
bool wait_until_readable(std::initializer_list<int> descriptors, int milliseconds);

}  // namespace fil::cli
