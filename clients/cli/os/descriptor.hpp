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

// The session's memory and its spare, its two sockets, its lists of arrivals and of ends; signals,
// the witness, the program's end, what it is started with; the pipe that tells of a failed exec, or
// later a connection and the recording that comes.
inline constexpr int descriptors_for_a_session = 12;

// Why something cannot be done, in words.
std::string too_few_descriptors();

// All but the standard ones and `kept`, in a child of ours that needs no other.
void close_descriptors_but(int kept);

// What this process was started with, but for the standard ones: a pipe's other end would wait as
// long as we live. Descriptors of our own are close-on-exec.
void close_inherited_descriptors();

// Of this process; with one that is closed again by now. Empty without /proc.
std::vector<int> open_descriptors();

}  // namespace fil::cli
