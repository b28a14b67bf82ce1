#pragma once
// A process joins its session: sends its recording, gets the session's page.

#include "os/os.hpp"
#include "process/session_protocol.hpp"

namespace fil {

struct session_page;

// Sends `recording` to the supervisor and maps the session page that comes back. Waits for up to 5
// s: it may be busy, or the machine. nullptr if there is no such session any more. Runs inside a
// malloc hook: no malloc, no throw. `recording` stays the caller's.
// `is_program`: it was not forked.
session_page* join_session(const session_address& address, const os::shared_memory& recording,
                           bool is_program);

// Tells the supervisor why this process is unrecorded (refusal.hpp).
void say_refused(const session_address& address, std::uint32_t why);

// Asks the supervisor for the report of this process's last run, and waits for it. False if it is
// gone, or ends without an answer.
bool ask_for_report(const session_address& address, report_reply& reply);

// Wakes the supervisor: there is a run to look at now. If it cannot be told it looks a moment
// later.
void say_run_began(const session_address& address);

// This process has reaped `child`, which a signal killed. Returns when the supervisor has taken
// what it held out of the session, after 200 ms at most.
void say_child_killed(const session_address& address, std::int32_t child);

}  // namespace fil
