#pragma once
// Whether another process has ended. Cold; any thread, no state.

#include <cstdint>

#include "os/file_descriptor.hpp"

namespace fil::os {

// All its threads have, whether or not its parent has reaped it.
bool has_ended(std::int32_t pid);

// Readable when they have; -1 where the kernel has no such descriptor, or none is left.
file_descriptor end_of(std::int32_t pid);

}  // namespace fil::os
