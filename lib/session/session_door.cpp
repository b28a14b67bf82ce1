#include "session/session_door.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "os/cold/connections.hpp"
#include "os/cold/files.hpp"
#include "os/os.hpp"

namespace fil {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

// False if nothing was said yet.
bool hear_at(file_descriptor& connection, const session_door::hearer& hear) {
    join_request request{};
    const os::arrived_message arrived =
        os::receive_at_once(connection.number(), &request, sizeof request);
    if (arrived.bytes < 0) return errno != EAGAIN;
    const bool is_whole = arrived.bytes == long(sizeof request);
    if (is_whole) hear(connection, request, arrived.attached.number());
    return true;
}

}  // namespace

session_door::session_door(std::array<int, 2> sockets) : sockets_(sockets) {
    if (!arrivals_.is_there()) fail("cannot wait for processes to join");
    for (const int socket : sockets_)
        if (socket >= 0) watch(socket);
    spare_ = os::duplicate(sockets_[0]);
    if (spare_.number() < 0) fail("no descriptor is left for processes to join");
}

void session_door::watch(int descriptor) const {
    if (!arrivals_.add(descriptor)) fail("cannot wait for processes to join");
}

void session_door::serve(const hearer& hear) {
    constexpr std::int64_t patience_ns = 1'000'000'000;
    for (const int socket : sockets_)
        if (socket >= 0) serve_at(socket, hear);
    std::erase_if(callers_, [&](caller& waiting) {
        return hear_at(waiting.connection, hear) ||
               os::monotonic_ns() - waiting.since_ns > patience_ns;
    });
}

void session_door::serve_at(int socket, const hearer& hear) {
    constexpr std::size_t most_callers = 48;
    for (;;) {
        file_descriptor connection = os::accept_next(socket);
        if (connection.number() < 0) {
            if (errno == EMFILE || errno == ENFILE) turn_away(socket);
            return;
        }
        if (hear_at(connection, hear)) continue;
        if (callers_.size() == most_callers) callers_.pop_front();
        watch(connection.number());
        callers_.push_back({std::move(connection), os::monotonic_ns()});
    }
}

void session_door::turn_away(int socket) {
    spare_ = file_descriptor();
    if (os::accept_next(socket).number() >= 0) ++turned_away_;
    spare_ = os::duplicate(sockets_[0]);
}

}  // namespace fil
