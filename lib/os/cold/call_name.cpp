#include "os/cold/call_name.hpp"

#include "os/refused_call.hpp"

namespace fil::os {

const char* call_name(long call) {
    switch (call) {
        case refused_call::none:
            return "pthread_key_create";
        case SYS_connect:
            return "connect";
        case SYS_fallocate:
            return "fallocate";
        case SYS_fcntl:
            return "fcntl";
        case SYS_ftruncate:
            return "ftruncate";
        case SYS_getsockopt:
            return "getsockopt";
        case SYS_madvise:
            return "madvise";
        case SYS_memfd_create:
            return "memfd_create";
        case SYS_mkdirat:
            return "mkdirat";
        case SYS_mmap:
            return "mmap";
        case SYS_openat:
            return "openat";
        case SYS_recvmsg:
            return "recvmsg";
        case SYS_sendmsg:
            return "sendmsg";
        case SYS_setsockopt:
            return "setsockopt";
        case SYS_socket:
            return "socket";
        default:
            return "a system call";
    }
}

}  // namespace fil::os
