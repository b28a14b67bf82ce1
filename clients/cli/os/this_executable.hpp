// Where this executable is: as the kernel knows it; where there is no /proc, or it is the dynamic
// loader that was started, as the loader does. Whole paths, links followed; the likeliest first.
#pragma once

#include <filesystem>
#include <vector>

namespace fil::cli {

std::vector<std::filesystem::path> places_of_this_executable();

}  // namespace fil::cli
