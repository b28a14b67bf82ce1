#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/attached_message.hpp"
#include "os/local_socket.hpp"
#include "os/os.hpp"
#include "os/refused_call.hpp"

namespace fil::os {
namespace {

// `call()` again where a signal ended it. The kernel begins a call's time anew each time.
template <typename Call>
long uninterrupted(int longest, Call&& call) {
    const std::int64_t begun = monotonic_ns();
    for (;;) {
        const long result = call();
        if (result >= 0 || errno != EINTR) return result;
        if (longest != 0 && monotonic_ns() - begun >= std::int64_t{longest} * 1'000'000) {
            errno = EAGAIN;
            return result;
        }
    }
}

}  // namespace

local_socket::local_socket()
    : descriptor_(int(syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0))) {
    if (descriptor_ < 0) note_refusal(SYS_socket);
}

local_socket::~local_socket() {
    if (descriptor_ >= 0) close_descriptor(descriptor_);
}

bool local_socket::limit_sending(int milliseconds) {
    longest_sending_ = milliseconds;
    return limit(SO_SNDTIMEO, milliseconds);
}

bool local_socket::limit_receiving(int milliseconds) {
    longest_receiving_ = milliseconds;
    return limit(SO_RCVTIMEO, milliseconds);
}

bool local_socket::limit(int direction, int milliseconds) const {
    const timeval longest{milliseconds / 1000, milliseconds % 1000 * 1000};
    if (syscall(SYS_setsockopt, descriptor_, SOL_SOCKET, direction, &longest, sizeof longest) == 0)
        return true;
    note_refusal(SYS_setsockopt);
    return false;
}

bool local_socket::connect_to(std::string_view path) const {
    return connect_to(path, false);
}
bool local_socket::connect_to_abstract(std::string_view name) const {
    return connect_to(name, true);
}

// An abstract name begins with a zero, and ends where the address does.
bool local_socket::connect_to(std::string_view name, bool is_abstract) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() + 1 >= sizeof address.sun_path) {
        note_refusal(SYS_connect, ENAMETOOLONG);
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path + (is_abstract ? 1 : 0), name.data(), name.size());
    const std::size_t bytes =
        is_abstract ? offsetof(sockaddr_un, sun_path) + 1 + name.size() : sizeof address;
    const long connected = uninterrupted(
        longest_sending_, [&] { return syscall(SYS_connect, descriptor_, &address, bytes); });
    if (connected != 0) note_refusal(SYS_connect);
    return connected == 0;
}

local_socket::peer local_socket::other_end() const {
    ucred found{};
    socklen_t length = sizeof found;
    if (syscall(SYS_getsockopt, descriptor_, SOL_SOCKET, SO_PEERCRED, &found, &length) != 0) {
        note_refusal(SYS_getsockopt);
        return {};
    }
    return {found.pid, found.uid};
}

bool local_socket::send(const void* data, std::size_t bytes, int descriptor) const {
    attached_message message(const_cast<void*>(data), bytes, descriptor);
    if (descriptor < 0) message.attach_nothing();
    const bool sent = uninterrupted(longest_sending_, [&] {
                          return syscall(SYS_sendmsg, descriptor_, message.header(), MSG_NOSIGNAL);
                      }) >= 0;
    if (!sent) note_refusal(SYS_sendmsg);
    return sent;
}

local_socket::received local_socket::receive(void* data, std::size_t bytes) const {
    attached_message answer(data, bytes, -1);
    const long length = uninterrupted(longest_receiving_, [&] {
        return syscall(SYS_recvmsg, descriptor_, answer.header(), MSG_CMSG_CLOEXEC);
    });
    return {length, length < 0 ? -1 : answer.received_descriptor()};
}

}  // namespace fil::os
