#pragma once
// A process's end of a connection to a socket that has a name, in the file system or beside it (an
// abstract one, which needs neither a folder nor rights in it): whole messages, and a descriptor
// with each.
//
// By system calls directly: libc's are points of cancellation, and malloc must not be one. Made and
// used inside a malloc hook: no malloc, no throw; errno says what was wrong, and is the caller's to
// keep. What fails is noted (refused_call.hpp), but for receive(). Closes itself. One thread.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fil::os {

class local_socket {
  public:
    local_socket();
    ~local_socket();
    local_socket(const local_socket&) = delete;

    bool is_there() const { return descriptor_ >= 0; }

    // Connecting and sending wait where the other end is stopped and others stand in line. No
    // signal ends a wait early, and however many come, none lasts twice as long as this: EAGAIN.
    bool limit_sending(int milliseconds);
    bool limit_receiving(int milliseconds);

    bool connect_to(std::string_view path) const;
    bool connect_to_abstract(std::string_view name) const;

    // Who listens, and as which user; as this process sees both, 0 for a pid that it does not.
    struct peer {
        std::int32_t pid = -1;
        std::uint32_t user = 0;
    };
    peer other_end() const;

    // `descriptor` goes with it and stays the caller's; -1: none does.
    bool send(const void* data, std::size_t bytes, int descriptor) const;

    struct received {
        long bytes;      // 0: the other end hung up; less: it failed
        int descriptor;  // now the caller's; -1: none came, or there was no number left for it
    };
    received receive(void* data, std::size_t bytes) const;

  private:
    bool limit(int direction, int milliseconds) const;
    bool connect_to(std::string_view name, bool is_abstract) const;

    int descriptor_;
    int longest_sending_ = 0, longest_receiving_ = 0;  // 0: as long as it takes
};

}  // namespace fil::os
