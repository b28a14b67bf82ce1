#pragma once
// A process that could not be recorded says why, by what it has left: a forked child counts it in
// the session's page, which its parent mapped; a program that just started leaves a link beside the
// session's socket. Where not even that can be made, the supervisor hears nothing.
//
// No malloc, no throw; errno is left as it is.

#include "fil/recording/layout.hpp"
#include "process/session_protocol.hpp"

namespace fil {

// The names of links: this, and the pid.
inline constexpr const char* refusal_link = "/refused-";

// Tells what was noted last. `page`: of the session, if this process has it; else by a link.
void tell_refusal(session_page* page, const session_address& address);

}  // namespace fil
