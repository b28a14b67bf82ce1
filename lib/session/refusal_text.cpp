#include "session/refusal_text.hpp"

#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

namespace fil {
namespace {

const char* name_of(long call) {
    switch (call) {
        case SYS_connect:
            return "connect";
        case SYS_fcntl:
            return "fcntl";
        case SYS_ftruncate:
            return "ftruncate";
        case SYS_madvise:
            return "madvise";
        case SYS_memfd_create:
            return "memfd_create";
        case SYS_mmap:
            return "mmap";
        case SYS_recvmsg:
            return "recvmsg";
        case SYS_sendmsg:
            return "sendmsg";
        case SYS_setsockopt:
            return "setsockopt";
        case SYS_socket:
            return "socket";
        default:
            return "pthread_key_create";
    }
}

// The socket is not where the process looks for it.
bool is_out_of_sight(refusal why) {
    const int error = errno_of(why);
    return call_of(why) == SYS_connect && (error == ENOENT || error == ESRCH || error == ENOTDIR);
}

}  // namespace

std::string text_of(refusal why) {
    const std::string answer =
        std::string(name_of(call_of(why))) + ": " + std::strerror(errno_of(why));
    if (!is_out_of_sight(why)) return "the system refused " + answer;
    return "fil-profile's socket is out of sight where the root directory is another one: a "
           "sandbox "
           "(as of a browser's renderers; Chromium's --no-sandbox leaves it out), chroot or a "
           "container (" +
           answer + ")";
}

}  // namespace fil
