#include "session/refusal_text.hpp"

#include <sys/syscall.h>

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

}  // namespace

std::string text_of(refusal why) {
    return std::string(name_of(call_of(why))) + ": " + std::strerror(errno_of(why));
}

}  // namespace fil
