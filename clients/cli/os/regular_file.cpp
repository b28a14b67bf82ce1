#include "os/regular_file.hpp"

namespace fil::cli {

descriptor open_regular_file(const std::string& path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    return descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

std::optional<struct stat> status_of(const descriptor& file) {
    struct stat status;
    return ::fstat(file.get(), &status) == 0 ? std::optional(status) : std::nullopt;
}

}  // namespace fil::cli
