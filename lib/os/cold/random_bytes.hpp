#pragma once
// Numbers that nobody can foresee, from the kernel. Cold; any thread.

#include <span>

namespace fil::os {

// All of them, or false: errno says why.
bool fill_randomly(std::span<unsigned char> bytes);

}  // namespace fil::os
