#pragma once
// Where processes find their session: a private directory (mode 0700) with a socket in it, and a
// second socket beside the file system.
//
// The second is for children that changed their user or their root directory, or where the folder
// was removed: it has the same path as its abstract name, which anybody of this network namespace
// may connect to. It is the session's token that lets in.
//
// A supervisor that was killed leaves its directory behind. The next one of the same user removes
// it: nobody listens at its socket any more. A socket gets its name only once it is listened at, so
// one that refuses is never a socket that is about to be used. One thread.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "os/file_descriptor.hpp"

namespace fil {

// By the name that a socket was bound to: where it is listened at, if it may be a session's; else
// "".
std::string session_socket_of(const std::string& bound_name);

class session_directory {
  public:
    session_directory();  // throws std::system_error, and then leaves nothing behind
    ~session_directory();
    session_directory(const session_directory&) = delete;

    // Both listen, and do not block; -1: there is no second one.
    std::array<int, 2> sockets() const { return {socket_.number(), abstract_.number()}; }
    const std::string& socket_path() const { return socket_path_; }

    // What processes that could not join left beside the socket (refusal.hpp).
    std::vector<std::uint32_t> refusals() const;

  private:
    void listen_at(const std::string& path);

    std::string path_;
    std::string socket_path_;
    file_descriptor socket_, abstract_;
};

}  // namespace fil
