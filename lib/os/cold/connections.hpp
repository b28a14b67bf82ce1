#pragma once
// The supervisor's end of local sockets: one to listen at, and connections over which whole
// messages come, with at most one descriptor each. Nothing here blocks but what is called wait.
//
// What fails leaves its reason in errno. Cold; any thread, no state.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "os/file_descriptor.hpp"

namespace fil::os {

// -1 if refused; then it is given a name, in the file system or beside it, for whoever is in this
// network namespace.
file_descriptor make_listening_socket();
bool listen_at(int socket, const std::string& path);
bool listen_at_abstract(int socket, const std::string& name);

// A socket of this name is there, and nobody listens at it any more.
bool is_deserted(const std::string& path);

// Who connected and was not accepted yet; -1: nobody (EAGAIN), or there is no number left.
file_descriptor accept_next(int listening_socket);

struct arrived_message {
    long bytes = -1;  // < 0: failed; EAGAIN: nothing has arrived yet
    file_descriptor attached;
};
arrived_message receive_at_once(int connection, void* data, std::size_t bytes);

// `descriptor` stays the caller's; -1: none goes with it. Who does not read gets nothing.
// False if nobody is there any more.
bool send_at_once(int connection, const void* data, std::size_t bytes, int descriptor = -1);

// Who connected is the same user as we are, or root.
bool is_ours_or_roots(int connection);

// We are that user, or root.
bool is_user_or_root(std::uint32_t user);

// Two ends, for a process of ours; -1 if there can be none.
std::array<file_descriptor, 2> make_connection();

// Until something has arrived or the other end is gone; until there is room to send, false if there
// was none for so long; until the other end is gone, or for so long.
bool wait_for_message(int connection);
bool wait_for_room(int connection, int milliseconds);
void wait_for_end(int connection, int milliseconds);
void stop_sending(int connection);  // the other end has heard all when it has heard what was sent

// The pid of who connected, as we see it.
std::optional<std::int32_t> peer_pid(int connection);

}  // namespace fil::os
