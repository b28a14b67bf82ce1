#include "os/cold/random_bytes.hpp"

#include <sys/random.h>

#include <cerrno>

namespace fil::os {

bool fill_randomly(std::span<unsigned char> bytes) {
    while (!bytes.empty()) {  // a signal may come in between
        const auto got = getrandom(bytes.data(), bytes.size(), 0);
        if (got < 0 && errno != EINTR) return false;
        if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

}  // namespace fil::os
