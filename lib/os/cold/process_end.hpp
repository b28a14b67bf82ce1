#pragma once
// Whether another process has ended. Cold; any thread, no state.

#include <cstdint>

namespace fil::os {

// All its threads have, whether or not its parent has reaped it.
bool has_ended(std::int32_t pid);

}  // namespace fil::os
