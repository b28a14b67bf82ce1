#include "os/cold/random_bytes.hpp"

#include <sys/random.h>

namespace fil::os {

bool fill_randomly(std::span<unsigned char> bytes) {
    return getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

}  // namespace fil::os
