// The keeper: a process of ours that holds the recordings as we do. Should we be killed (by
// somebody, or for want of memory), the program dies with us; the keeper then leaves what was
// recorded as files, and says where. It is nobody's child, in a session of its own: no signal of a
// terminal or a group reaches it. It ends when we do.
#pragma once

#include <fil_supervisor.h>

#include <string>

namespace fil::cli {

// Before the program starts. Where there can be none, all goes on without.
void start_keeper(fil_session* session, const std::string& directory);

}  // namespace fil::cli
