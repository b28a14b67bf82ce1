#include "os/readable.hpp"

#include <poll.h>

#include <array>

namespace fil::cli {

bool wait_until_readable(std::initializer_list<int> descriptors, int milliseconds) {
    std::array<pollfd, 4> waits;
    nfds_t count = 0;
    for (const int number : descriptors)
        if (count < waits.size()) waits[count++] = {number, POLLIN, 0};
    return ::poll(waits.data(), count, milliseconds) > 0;
}

}  // namespace fil::cli
