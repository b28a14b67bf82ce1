#include "os/descriptor.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
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

std::string too_few_descriptors() {
    return "too few files may be open at a time (ulimit -n: " +
           std::to_string(::sysconf(_SC_OPEN_MAX)) + ")";
}

void close_descriptors_but(int kept) {
    const auto close_from = [](int first, unsigned last) {
        return ::syscall(SYS_close_range, static_cast<unsigned>(first), last, 0u) == 0;
    };
    const bool none_below = kept <= 3 || close_from(3, static_cast<unsigned>(kept) - 1);
    if (none_below && close_from(std::max(kept, 2) + 1, ~0u)) return;
    for (int number : open_descriptors())
        if (number > 2 && number != kept) ::close(number);
}

void close_inherited_descriptors() {
    for (int number : open_descriptors()) {
        const int flags = ::fcntl(number, F_GETFD);
        if (number > 2 && flags >= 0 && (flags & FD_CLOEXEC) == 0) ::close(number);
    }
}

}  // namespace fil::cli
