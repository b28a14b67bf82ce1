// A file descriptor that closes itself. All of ours are opened close-on-exec: the program inherits
// none of them.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace fil::cli {

class descriptor {
  public:
    descriptor() = default;
    explicit descriptor(int number) : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() { close(); }

    int get() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    void close() {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }

  private:
    int number_ = -1;
};

// Both ends of a new pipe, close-on-exec.
struct pipe_ends {
    descriptor read, write;
};
inline pipe_ends new_pipe() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    return {descriptor(ends[0]), descriptor(ends[1])};
}

// Room for what will be opened once this is gone: what is opened meanwhile gets none of it. Where
// so many are not left, nobody has reserved anything.
class descriptor_room {
  public:
    explicit descriptor_room(int count) {
        for (int i = 0; i < count; ++i) held_.emplace_back(::eventfd(0, EFD_CLOEXEC));
        is_whole_ = held_.empty() || held_.back();
    }
    bool is_whole() const { return is_whole_; }

  private:
    std::vector<descriptor> held_;
    bool is_whole_ = true;
};

// A connection and the recording that comes with it, a process's resident memory, a report's pipe
// and files.
inline constexpr int descriptors_for_joining_and_reporting = 6;

// The session's memory, socket, list of arrivals and spare, signals, the witness, the program's end
// and the pipe that tells of a failed exec, or later a connection and the recording that comes.
inline constexpr int descriptors_for_a_session = 9;

// Why something cannot be done, in words.
std::string too_few_descriptors();

// All but the standard ones and `kept`, in a child of ours that needs no other.
void close_descriptors_but(int kept);

// Of this process; with one that is closed again by now. Empty without /proc.
std::vector<int> open_descriptors();

// If stdin, stdout or stderr are closed, what we open next would take their numbers, and a message
// would end up in it. /dev/null holds the place, close-on-exec: the program finds them closed
// still.
inline void hold_standard_descriptors() {
    for (int number = 0; number <= 2; ++number)
        if (::fcntl(number, F_GETFD) < 0) {
            // The lowest free number is this one, so there is nothing to remember or to close.
            [[maybe_unused]] const int held = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        }
}

}  // namespace fil::cli
