#include "os/cold/call_name.hpp"

#include <sys/syscall.h>

namespace fil::os {

const char* call_name(long call) {
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

}  // namespace fil::os
