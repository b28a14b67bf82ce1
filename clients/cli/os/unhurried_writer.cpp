#include "os/unhurried_writer.hpp"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <new>
#include <utility>

#include "os/descriptor.hpp"
#include "os/stopwatch.hpp"

namespace fil::cli {
namespace {

constexpr std::size_t most_bytes = 64 * 1024;

// The same pipe or terminal, opened anew: there O_NONBLOCK is ours alone. Not so a file, where the
// next byte would go elsewhere.
descriptor opened_anew(int number) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", number);
    return descriptor(::open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

// As write(), but fails with EAGAIN rather than wait.
ssize_t write_at_once(int number, std::string_view text) {
    struct stat what {};
    ::fstat(number, &what);
    if (S_ISSOCK(what.st_mode))
        return ::send(number, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (!S_ISFIFO(what.st_mode) && ::isatty(number) == 0)
        return ::write(number, text.data(), text.size());
    if (const descriptor own = opened_anew(number))
        return ::write(own.get(), text.data(), text.size());
    // Somebody else's. So much there is room for, unless another is quicker.
    pollfd room{number, POLLOUT, 0};
    errno = EAGAIN;
    if (::poll(&room, 1, 0) != 1) return -1;
    return ::write(number, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

bool is_asked_to_end() {
    sigset_t came;
    sigemptyset(&came);
    sigpending(&came);
    for (int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP})
        if (sigismember(&came, number) == 1) return true;
    return false;
}

}  // namespace

void unhurried_writer::add(std::string_view line) noexcept {
    if (bytes_ + line.size() > most_bytes) return;
    try {
        lines_.emplace_back(line);
    } catch (const std::bad_alloc&) {
        return add_without_memory(line, true);
    }
    bytes_ += line.size();
    go_on();
}

void unhurried_writer::add_without_memory(std::string_view line, bool now) noexcept {
    if (line.size() > reserve_.size() - reserve_used_) return;
    line.copy(reserve_.data() + reserve_used_, line.size());
    reserve_used_ += line.size();
    if (now) go_on();
}

void unhurried_writer::go_on() {
    while (!lines_.empty() && write_first()) {
    }
    while (lines_.empty() && reserve_used_ > 0 && write_reserve()) {
    }
}

bool unhurried_writer::write_reserve() {
    const ssize_t size = write_at_once(descriptor_, {reserve_.data(), reserve_used_});
    if (size < 0 && errno == EINTR) return true;
    if (size < 0 && errno == EAGAIN) return false;
    const std::size_t gone = size < 0 ? reserve_used_ : static_cast<std::size_t>(size);
    std::copy(reserve_.data() + gone, reserve_.data() + reserve_used_, reserve_.data());
    reserve_used_ -= gone;
    return true;
}

// False if it was not taken. A line is one call, so that lines of the program are not torn.
bool unhurried_writer::write_first() {
    std::string& line = lines_.front();
    const ssize_t size = write_at_once(descriptor_, line);
    if (size < 0 && errno == EINTR) return true;
    if (size < 0 && errno == EAGAIN) return false;
    const std::size_t gone = size < 0 ? line.size() : static_cast<std::size_t>(size);
    bytes_ -= gone;
    line.erase(0, gone);
    if (line.empty()) lines_.pop_front();
    return true;
}

void unhurried_writer::finish(int milliseconds) {
    stopwatch since;
    const auto not_written = [&] { return bytes_ + reserve_used_; };
    for (std::size_t left = not_written() + 1; !is_done();) {
        if (not_written() < left) since = stopwatch();
        left = not_written();
        if (1000 * since.seconds() >= milliseconds || is_asked_to_end()) return;
        ::poll(nullptr, 0, 10);
        go_on();
    }
}

}  // namespace fil::cli
