#pragma once
// Why a process could not be recorded: the system call that failed, and its errno.
//
// Noted where it happens, in one word of the process; the last one is the reason. It is told to the
// supervisor by what the process has left: a forked child counts it in the session's page, which
// its parent mapped; a program that just started leaves a link beside the session's socket. Where
// not even that can be made, the supervisor hears nothing.
//
// No malloc, no throw; errno is left as it is.

#include <cstdint>

namespace fil {

struct session_address;
struct session_page;

// Call in the high half, errno in the low one; 0: none.
enum class refusal : std::uint32_t { none = 0 };

constexpr refusal make_refusal(long call, int error) {
    return refusal{static_cast<std::uint32_t>(call) << 16 | static_cast<std::uint16_t>(error)};
}
constexpr long call_of(refusal why) {
    return static_cast<std::uint32_t>(why) >> 16;
}
constexpr int errno_of(refusal why) {
    return static_cast<std::uint32_t>(why) & 0xffff;
}

// The names of links: this, and the pid.
inline constexpr const char* refusal_link = "/refused-";

void note_refusal(long call);  // by errno
void note_refusal(long call, int error);

// Whether what was noted last is a want of memory or address space.
bool lacked_memory();

// Tells what was noted last. `page`: of the session, if this process has it; else by a link.
void tell_refusal(session_page* page, const session_address& address);

}  // namespace fil
