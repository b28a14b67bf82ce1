#include "os/cold/connections.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "os/attached_message.hpp"
#include "os/os.hpp"

namespace fil::os {
namespace {

// Nothing (ENAMETOOLONG) where it is too long for one.
std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un name{};
    if (path.size() >= sizeof name.sun_path) {
        errno = ENAMETOOLONG;
        return {};
    }
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    return name;
}

bool listen_as(int socket, const std::optional<sockaddr_un>& name, std::size_t bytes) {
    return name && bind(socket, reinterpret_cast<const sockaddr*>(&*name), socklen_t(bytes)) == 0 &&
           listen(socket, 128) == 0;
}

// False if there was nothing for so long; -1: for ever. No signal ends it.
bool wait_for(int connection, short what, int milliseconds) {
    const std::int64_t until_ns = monotonic_ns() + std::int64_t{milliseconds} * 1'000'000;
    pollfd wanted{connection, what, 0};
    for (;;) {
        const int found = poll(&wanted, 1, milliseconds);
        if (found >= 0 || errno != EINTR) return found > 0;
        if (milliseconds < 0) continue;
        const std::int64_t left_ns = std::max<std::int64_t>(until_ns - monotonic_ns(), 0);
        milliseconds = static_cast<int>((left_ns + 999'999) / 1'000'000);
    }
}

}  // namespace

file_descriptor make_listening_socket() {
    return file_descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

bool listen_at(int socket, const std::string& path) {
    return listen_as(socket, address_of(path), sizeof(sockaddr_un));
}

bool listen_at_abstract(int socket, const std::string& name) {
    const std::string from_zero = '\0' + name;  // it ends where the address does
    return listen_as(socket, address_of(from_zero),
                     offsetof(sockaddr_un, sun_path) + from_zero.size());
}

bool is_deserted(const std::string& path) {
    const file_descriptor caller = make_listening_socket();
    const std::optional<sockaddr_un> name = address_of(path);
    return name &&
           connect(caller.number(), reinterpret_cast<const sockaddr*>(&*name), sizeof *name) != 0 &&
           errno == ECONNREFUSED;
}

file_descriptor accept_next(int listening_socket) {
    return file_descriptor(
        accept4(listening_socket, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

arrived_message receive_at_once(int connection, void* data, std::size_t bytes) {
    attached_message message(data, bytes, -1);
    arrived_message arrived;
    arrived.bytes = recvmsg(connection, message.header(), MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (arrived.bytes >= 0) arrived.attached = file_descriptor(message.received_descriptor());
    return arrived;
}

bool send_at_once(int connection, const void* data, std::size_t bytes, int descriptor) {
    attached_message message(const_cast<void*>(data), bytes, descriptor);
    if (descriptor < 0) message.attach_nothing();
    return sendmsg(connection, message.header(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

bool is_ours_or_roots(int connection) {
    ucred peer{};
    socklen_t length = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

bool is_user_or_root(std::uint32_t user) {
    return user == geteuid() || geteuid() == 0;
}

std::array<file_descriptor, 2> make_connection() {
    int ends[2] = {-1, -1};
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
    return {file_descriptor(ends[0]), file_descriptor(ends[1])};
}

bool wait_for_message(int connection) {
    return wait_for(connection, POLLIN, -1);
}

bool wait_for_room(int connection, int milliseconds) {
    return wait_for(connection, POLLOUT, milliseconds);
}

void wait_for_end(int connection, int milliseconds) {
    wait_for(connection, POLLIN, milliseconds);
}

void stop_sending(int connection) {
    shutdown(connection, SHUT_WR);
}

std::optional<std::int32_t> peer_pid(int connection) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return {};
    return peer.pid;
}

}  // namespace fil::os
