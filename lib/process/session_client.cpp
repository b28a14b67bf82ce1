#include "process/session_client.hpp"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fil/recording/layout.hpp"
#include "os/os.hpp"
#include "os/refusal.hpp"

namespace fil {
namespace {

// Direct system calls: libc's versions are cancellation points, and malloc must not be one.
class raw_socket {
  public:
    raw_socket()
        : descriptor_(int(syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0))) {
        if (descriptor_ < 0) note_refusal(SYS_socket);
    }
    ~raw_socket() {
        if (descriptor_ >= 0) syscall(SYS_close, descriptor_);
    }
    raw_socket(const raw_socket&) = delete;
    int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

bool connect_to(int socket, std::string_view path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof name.sun_path) {
        note_refusal(SYS_connect, ENAMETOOLONG);
        return false;
    }
    memcpy(name.sun_path, path.data(), path.size());
    long connected;
    do {
        connected = syscall(SYS_connect, socket, &name, sizeof name);
    } while (connected < 0 && errno == EINTR);
    if (connected != 0) note_refusal(SYS_connect);
    return connected == 0;
}

// A message with one descriptor attached (`descriptor` < 0: room for one to arrive).
struct message {
    iovec part;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};

    message(void* data, std::size_t length, int descriptor) : part{data, length} {
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = CMSG_LEN(sizeof(int));  // without the room left by alignment
        if (descriptor < 0) return;
        cmsghdr* attached = CMSG_FIRSTHDR(&header);
        attached->cmsg_level = SOL_SOCKET;
        attached->cmsg_type = SCM_RIGHTS;
        attached->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(attached), &descriptor, sizeof descriptor);
    }

    int received_descriptor() {
        cmsghdr* attached = CMSG_FIRSTHDR(&header);
        if (attached == nullptr || attached->cmsg_type != SCM_RIGHTS) return -1;
        int descriptor;
        memcpy(&descriptor, CMSG_DATA(attached), sizeof descriptor);
        return descriptor;
    }
};

std::int64_t milliseconds_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// For sending, which waits where the supervisor is stopped and others stand in line, or receiving.
bool limit_wait(int socket, int direction, int milliseconds) {
    const timeval longest{milliseconds / 1000, milliseconds % 1000 * 1000};
    if (syscall(SYS_setsockopt, socket, SOL_SOCKET, direction, &longest, sizeof longest) == 0)
        return true;
    note_refusal(SYS_setsockopt);
    return false;
}

session_page* receive_page(int socket, int milliseconds) {
    if (!limit_wait(socket, SO_RCVTIMEO, milliseconds)) return nullptr;
    join_reply reply{};
    message answer(&reply, sizeof reply, -1);
    const std::int64_t deadline = milliseconds_now() + milliseconds;
    long length;
    do length = syscall(SYS_recvmsg, socket, &answer.header, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR && milliseconds_now() < deadline);
    if (length < 0) note_refusal(SYS_recvmsg, errno == EAGAIN ? ETIMEDOUT : errno);
    if (length == long(sizeof reply) && reply.answer == join_answer::left_out) {
        note_refusal(0, 0);  // nobody refused anything: the user does not want this process
        return nullptr;
    }
    const int descriptor = length == long(sizeof reply) ? answer.received_descriptor() : -1;
    // The supervisor hung up, or there was no number left for the descriptor that came.
    if (length >= 0 && descriptor < 0)
        note_refusal(SYS_recvmsg, length > 0 ? EMFILE : ECONNREFUSED);
    if (descriptor < 0) return nullptr;
    auto* page = static_cast<session_page*>(os::map_shared(descriptor, recording_page));
    syscall(SYS_close, descriptor);
    const bool ours = page != nullptr && reply.version == session_protocol_version &&
                      reply.answer == join_answer::accepted && page->magic == session_magic &&
                      page->version == recording_version;
    if (ours) return page;
    if (page == nullptr) return nullptr;
    note_refusal(SYS_recvmsg, EPROTO);
    os::unmap(page, recording_page);
    return nullptr;
}

join_request request_of(request_kind kind, const session_address& address) {
    join_request request{};
    request.version = session_protocol_version;
    request.parent_pid = os::parent_process_id();
    request.kind = kind;
    request.segment = -1;
    memcpy(request.token, address.token.data(), token_length);
    return request;
}

// `descriptor` goes with it, unless it is -1.
bool send_request(int socket, const session_address& address, join_request request, int descriptor,
                  int milliseconds) {
    if (socket < 0 || !limit_wait(socket, SO_SNDTIMEO, milliseconds)) return false;
    if (!connect_to(socket, address.socket_path)) return false;
    message hello(&request, sizeof request, descriptor);
    if (descriptor < 0) hello.header.msg_controllen = 0;
    const bool sent = syscall(SYS_sendmsg, socket, &hello.header, MSG_NOSIGNAL) >= 0;
    if (!sent) note_refusal(SYS_sendmsg);
    return sent;
}

}  // namespace

session_page* join_session(const session_address& address, const os::shared_memory& recording,
                           bool is_the_program) {
    const os::keep_errno keep;
    const raw_socket socket;
    const bool is_child = os::parent_process_id() == address.supervisor_pid;
    const int longest = is_child || is_the_program ? 5000 : 200;
    join_request request = request_of(request_kind::join, address);
    request.segment = recording.segment;
    if (!send_request(socket.descriptor(), address, request, recording.descriptor, longest)) {
        return nullptr;
    }
    return receive_page(socket.descriptor(), longest);
}

bool ask_for_report(const session_address& address, report_reply& reply) {
    const os::keep_errno keep;
    const join_request request = request_of(request_kind::report, address);
    // Who connects and is then kept from sending for a while is taken for a stranger, and let go.
    for (int attempt = 0; attempt < 20; ++attempt) {
        const raw_socket socket;
        if (!send_request(socket.descriptor(), address, request, -1, 5000)) {
            if (errno == EPIPE || errno == ECONNRESET) continue;
            return false;
        }
        message answer(&reply, sizeof reply, -1);
        long length;
        do {
            length = syscall(SYS_recvmsg, socket.descriptor(), &answer.header, MSG_CMSG_CLOEXEC);
        } while (length < 0 && errno == EINTR);
        if (length == long(sizeof reply)) return reply.version == session_protocol_version;
    }
    return false;
}

void say_run_began(const session_address& address) {
    const os::keep_errno keep;
    const raw_socket socket;
    send_request(socket.descriptor(), address, request_of(request_kind::run_began, address), -1,
                 200);
}

}  // namespace fil
