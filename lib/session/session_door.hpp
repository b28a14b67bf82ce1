#pragma once
// Who comes to a session's sockets, and the first word that each says.
//
// Never blocks. Who connects and is silent is kept waiting, for a second or until many others came:
// a process sends its request right after connecting. For whom no descriptor is left, the
// connection is closed, so that its process does not wait for an answer. One thread.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>

#include "os/cold/watch_list.hpp"
#include "os/file_descriptor.hpp"
#include "process/session_protocol.hpp"

namespace fil {

class session_door {
  public:
    // The connection is closed afterwards, unless it was moved away (after leave()).
    using hearer = std::function<void(file_descriptor& connection, const join_request& request,
                                      int recording)>;

    explicit session_door(std::array<int, 2> sockets);  // throws std::system_error

    // Readable when somebody comes or says something, or when that is readable.
    int descriptor() const { return arrivals_.descriptor(); }
    void watch(int descriptor) const;  // throws std::system_error
    void leave(const file_descriptor& connection) const { arrivals_.remove(connection.number()); }

    void serve(const hearer& hear);

    std::uint64_t turned_away() const { return turned_away_; }

  private:
    struct caller {
        file_descriptor connection;
        std::int64_t since_ns;
    };

    void serve_at(int socket, const hearer& hear);
    void turn_away(int socket);

    std::array<int, 2> sockets_;
    os::watch_list arrivals_;
    std::deque<caller> callers_;
    file_descriptor spare_;  // for turning away whom there is no descriptor for
    std::uint64_t turned_away_ = 0;
};

}  // namespace fil
