#include "descriptor.hpp"

#include <cstdlib>
#include <filesystem>

namespace fil::cli {

std::vector<int> open_descriptors() {
    std::vector<int> numbers;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error))
        numbers.push_back(std::atoi(entry.path().filename().c_str()));
    return numbers;
}

}  // namespace fil::cli
