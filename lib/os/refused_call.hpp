#pragma once
// Why a process could not be recorded: the system call that failed, and its errno.
//
// Noted where it happens, in one word of the process; the last one is the reason.
//
// No malloc, no throw; errno is left as it is.

#include <sys/syscall.h>

#include <cstdint>

namespace fil {

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

// Those that others than os/ speak of. `none`: the C library refused, no call of the system.
namespace refused_call {
inline constexpr long none = 0, growing_a_file = SYS_ftruncate, mapping = SYS_mmap,
                      connecting = SYS_connect, receiving = SYS_recvmsg;
}

void note_refusal(long call);  // by errno
void note_refusal(long call, int error);

refusal last_refusal();

// Whether what was noted last is a want of memory or address space.
bool lacked_memory();

}  // namespace fil
