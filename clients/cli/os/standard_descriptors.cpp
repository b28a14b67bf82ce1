#include "os/standard_descriptors.hpp"

namespace fil::cli {
namespace {

descriptor nowhere() {
    return descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC));
}

}  // namespace

void hold_standard_descriptors() {
    for (int number : {0, 1, 2})
        if (::fcntl(number, F_GETFD) < 0) {
            // The lowest free number is this one, so there is nothing to remember or to close.
            [[maybe_unused]] const int held = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        }
}

bool is_held(int standard) {
    const int flags = ::fcntl(standard, F_GETFD);
    return flags < 0 || (flags & FD_CLOEXEC) != 0;
}

void let_go_of_standard_descriptors() {
    const descriptor nothing = nowhere();
    for (int number : {0, 1, 2}) ::dup2(nothing.get(), number);
}

void let_go_of_stdin_and_stdout() {
    const descriptor nothing = nowhere();
    for (int number : {0, 1}) ::dup2(nothing.get(), number);
}

silenced_stdout::silenced_stdout() : ours_(::fcntl(1, F_DUPFD_CLOEXEC, 3)) {
    ::dup2(nowhere().get(), 1);
}

silenced_stdout::~silenced_stdout() {
    ::dup2(ours_.get(), 1);
}

}  // namespace fil::cli
