#include "os/pseudo_terminal.hpp"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>

namespace fil::cli {

pseudo_terminal::pseudo_terminal(int like)
    : ours_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    char name[100] = "";
    const bool is_ready = ours_ && ::grantpt(ours_.get()) == 0 && ::unlockpt(ours_.get()) == 0 &&
                          ::ptsname_r(ours_.get(), name, sizeof name) == 0;
    if (!is_ready) return;
    programs_ = descriptor(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios settings{};
    if (programs_ && ::tcgetattr(like, &settings) == 0) {
        settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);  // the user's own terminal does that
        settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(programs_.get(), TCSANOW, &settings);
    }
    take_size_of(like);
}

void pseudo_terminal::take_place_of_terminals() const {
    if (::isatty(STDIN_FILENO) == 1) {
        const int nothing = ::open("/dev/null", O_RDONLY);
        if (nothing > STDIN_FILENO) {
            ::dup2(nothing, STDIN_FILENO);
            ::close(nothing);
        }
    }
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO})
        if (::isatty(standard) == 1) ::dup2(programs_.get(), standard);
}

void pseudo_terminal::take_size_of(int terminal) const {
    winsize window{};
    if (::ioctl(terminal, TIOCGWINSZ, &window) == 0) ::ioctl(ours_.get(), TIOCSWINSZ, &window);
}

}  // namespace fil::cli
