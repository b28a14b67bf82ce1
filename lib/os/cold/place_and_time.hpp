#pragma once
// Which machine this is, and what its clocks say. Cold; any thread.

#include <cstdint>
#include <string>

namespace fil::os {

std::int64_t seconds_since_1970();

// Of local time then, in seconds east of Greenwich.
std::int32_t utc_offset(std::int64_t seconds_since_1970);

std::string host_name();  // "" where the system does not tell

}  // namespace fil::os
