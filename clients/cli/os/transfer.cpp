#include "os/transfer.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace fil::cli {

void read_at_once(int from, std::string& to) {
    constexpr int most_times = 64;
    char buffer[65536];
    for (int i = 0; i < most_times; ++i) {
        const ssize_t size = ::read(from, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return;
        to.append(buffer, static_cast<std::size_t>(size));
    }
}

bool write_all(int to, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = ::write(to, text.data(), text.size());
        if (size < 0 && errno == EAGAIN) {
            pollfd room{to, POLLOUT, 0};
            ::poll(&room, 1, -1);
            continue;
        }
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
}

}  // namespace fil::cli
