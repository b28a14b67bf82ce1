#include "os/progress.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "os/message.hpp"

namespace fil::cli {
namespace {

constexpr double longest_silence = 1;  // in seconds

// One that can go back to the start of a line, and that we are in the foreground of.
bool can_be_rewritten() {
    const char* const kind = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb" &&
           ::tcgetpgrp(STDERR_FILENO) == ::getpgrp();
}

std::size_t columns() {
    winsize window{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col
                                                                                 : 80;
}

}  // namespace

progress::progress(std::string what) : what_(std::move(what)), is_wanted_(!is_being_quiet()) {}

void progress::look(const std::string& now) {
    if (!is_wanted_ || is_saying_held() || since_.seconds() < longest_silence) return;
    const std::string seconds = std::to_string(static_cast<int>(since_.seconds())) + " s";
    const std::string line =
        std::string(message_prefix) + (now.empty() ? what_ : now) + " ... " + seconds;
    if (line == shown_ || line.size() >= columns() || !can_be_rewritten()) return;
    show(line);
    shown_ = line;
}

void progress::end() {
    if (!shown_.empty() && can_be_rewritten()) show("");
    shown_.clear();
}

// "\033[K": to the end of the line. A terminal that is stopped (Ctrl-S) is not waited for.
void progress::show(const std::string& line) {
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&room, 1, 0) != 1) return;
    ::dprintf(STDERR_FILENO, "\r%s\033[K", line.c_str());
}

}  // namespace fil::cli
