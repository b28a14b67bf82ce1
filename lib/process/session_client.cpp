#include "process/session_client.hpp"

#include <string.h>

#include <cerrno>

#include "fil/recording/layout.hpp"
#include "os/local_socket.hpp"
#include "os/os.hpp"
#include "os/refused_call.hpp"

namespace fil {
namespace {

session_page* receive_page(os::local_socket& socket, int milliseconds) {
    if (!socket.limit_receiving(milliseconds)) return nullptr;
    join_reply reply{};
    const auto [length, came] = socket.receive(&reply, sizeof reply);
    if (length < 0) note_refusal(refused_call::receiving, errno == EAGAIN ? ETIMEDOUT : errno);
    if (length == long(sizeof reply) && reply.answer == join_answer::left_out) {
        note_refusal(0, 0);  // nobody refused anything: the user does not want this process
        return nullptr;
    }
    const int descriptor = length == long(sizeof reply) ? came : -1;
    // The supervisor hung up, or there was no number left for the descriptor that came.
    if (length >= 0 && descriptor < 0)
        note_refusal(refused_call::receiving, length > 0 ? EMFILE : ECONNREFUSED);
    if (descriptor < 0) return nullptr;
    auto* page = static_cast<session_page*>(os::map_shared(descriptor, recording_page));
    os::close_descriptor(descriptor);
    const bool ours = page != nullptr && reply.version == session_protocol_version &&
                      reply.answer == join_answer::accepted && page->magic == session_magic &&
                      page->version == recording_version;
    if (ours) return page;
    if (page == nullptr) return nullptr;
    note_refusal(refused_call::receiving, EPROTO);
    os::unmap(page, recording_page);
    return nullptr;
}

join_request request_of(request_kind kind, const session_address& address) {
    join_request request{};
    request.version = session_protocol_version;
    request.kind = kind;
    request.segment = -1;
    request.reason = 0;
    request.is_program = 0;
    memcpy(request.token, address.token.data(), token_length);
    return request;
}

// A child that changed its user or its root directory may not see the path. Whoever knows an
// abstract name can take it, once the supervisor is gone: but that is another process, and not
// root's where pids are not seen.
bool connect(const os::local_socket& socket, const session_address& address) {
    if (socket.connect_to(address.socket_path)) return true;
    const int error = errno;
    if (error == EAGAIN || !socket.connect_to_abstract(address.socket_path)) {
        note_refusal(refused_call::connecting, error);  // of the first, which says more
        errno = error;
        return false;
    }
    const os::local_socket::peer peer = socket.other_end();
    if (peer.pid == address.supervisor_pid || (peer.pid == 0 && peer.user == 0)) return true;
    note_refusal(refused_call::connecting, error);
    return false;
}

// `descriptor` goes with it, unless it is -1.
bool send_request(os::local_socket& socket, const session_address& address,
                  const join_request& request, int descriptor, int milliseconds) {
    return socket.is_there() && socket.limit_sending(milliseconds) && connect(socket, address) &&
           socket.send(&request, sizeof request, descriptor);
}

}  // namespace

session_page* join_session(const session_address& address, const os::shared_memory& recording,
                           bool is_program) {
    constexpr int longest = 5000;
    const os::keep_errno keep;
    os::local_socket socket;
    join_request request = request_of(request_kind::join, address);
    request.segment = recording.segment;
    request.is_program = is_program ? 1 : 0;
    if (!send_request(socket, address, request, recording.descriptor, longest)) {
        return nullptr;
    }
    return receive_page(socket, longest);
}

bool ask_for_report(const session_address& address, report_reply& reply) {
    const os::keep_errno keep;
    const join_request request = request_of(request_kind::report, address);
    // Who connects and is then kept from sending for a while is taken for a stranger, and let go.
    for (int attempt = 0; attempt < 20; ++attempt) {
        os::local_socket socket;
        if (!send_request(socket, address, request, -1, 5000)) {
            if (errno == EPIPE || errno == ECONNRESET) continue;
            return false;
        }
        const long length = socket.receive(&reply, sizeof reply).bytes;
        if (length == long(sizeof reply)) return reply.version == session_protocol_version;
    }
    return false;
}

void say_refused(const session_address& address, std::uint32_t why) {
    const os::keep_errno keep;
    os::local_socket socket;
    join_request request = request_of(request_kind::refused, address);
    request.reason = why;
    request.is_program = 1;  // a forked child has its parent's page to say so
    send_request(socket, address, request, -1, 200);
}

void say_run_began(const session_address& address) {
    const os::keep_errno keep;
    os::local_socket socket;
    send_request(socket, address, request_of(request_kind::run_began, address), -1, 200);
}

void say_child_killed(const session_address& address, std::int32_t child) {
    const os::keep_errno keep;
    os::local_socket socket;
    join_request request = request_of(request_kind::child_killed, address);
    request.child = child;
    join_reply reply{};
    if (send_request(socket, address, request, -1, 200) && socket.limit_receiving(200))
        socket.receive(&reply, sizeof reply);
}

}  // namespace fil
