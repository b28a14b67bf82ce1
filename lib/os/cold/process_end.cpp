#include "os/cold/process_end.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace fil::os {

// Where the kernel has no descriptors of processes, one that was reaped is all we know.
bool has_ended(std::int32_t pid) {
    if (kill(pid, 0) != 0 && errno == ESRCH) return true;
    const file_descriptor process = end_of(pid);
    if (process.number() < 0) return errno == ESRCH;
    pollfd end{process.number(), POLLIN, 0};
    return poll(&end, 1, 0) == 1;
}

file_descriptor end_of(std::int32_t pid) {
    return file_descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace fil::os
