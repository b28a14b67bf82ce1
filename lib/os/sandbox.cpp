#include "os/sandbox.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "os/linux_numbers.hpp"
#include "os/seccomp_filter.hpp"

namespace fil::sandbox {

constinit std::atomic<std::uint32_t> refused{0};
constinit page_reserve pages, pages_wiped_on_fork;

namespace {

struct own_call {
    std::uint32_t kinds;
    system_call call;
};

constexpr std::uint64_t any = system_call::unknown;
constexpr std::uint64_t writable = PROT_READ | PROT_WRITE, here = static_cast<unsigned>(AT_FDCWD);
constexpr std::uint64_t writing = O_RDWR | O_CLOEXEC | O_NOFOLLOW;

// Every system call that the library makes after it was loaded. Whoever adds one adds a line:
// test/e2e/test_sandboxes.py runs programs that die of one that is missing. A new process makes
// those of every kind.
constexpr own_call own_calls[] = {
    {of_memory,
     {SYS_mmap, {0, any, writable, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, any, 0}}},
    {of_memory, {SYS_madvise, {any, any, MADV_NOHUGEPAGE}}},
    {of_memory, {SYS_madvise, {any, any, MADV_DONTDUMP}}},
    {of_memory, {SYS_madvise, {any, any, MADV_WIPEONFORK}}},
    {of_memory, {SYS_madvise, {any, any, MADV_DONTNEED}}},
    {of_memory, {SYS_mremap, {any, any, any, 0}}},
    {of_giving_back, {SYS_munmap, {any, any}}},
    {of_folding, {SYS_mprotect, {any, any, PROT_NONE}}},
    {of_folding, {SYS_mprotect, {any, any, writable}}},
    {of_folding, {SYS_munlock, {any, any}}},

    {of_mapped_files, {SYS_newfstatat, {any, any, any, any}}},  // by which fstat is made,
    {of_mapped_files, {SYS_fstat, {any, any}}},                 // depends on the C library
    {of_mapped_files, {SYS_fstatfs, {any, any}}},

    {of_signal_stack, {SYS_sigaltstack, {0, any}}},
    {of_signal_stack, {SYS_rt_sigprocmask, {os::no_such_change, any, 0, 8}}},
    {of_signal_mask | of_ending, {SYS_rt_sigprocmask, {SIG_SETMASK, any, any, 8}}},
    {of_ending, {SYS_rt_sigprocmask, {SIG_UNBLOCK, any, 0, 8}}},

    {of_waiting, {SYS_sched_yield, {}}},
    {of_waiting, {SYS_clock_gettime, {any, any}}},  // where the vDSO cannot tell the time
    {of_waiting | of_ending, {SYS_nanosleep, {any, 0}}},
    {of_identity | of_ending, {SYS_getpid, {}}},
    {of_identity, {SYS_gettid, {}}},

    {of_modules, {SYS_openat, {here, any, O_RDONLY | O_CLOEXEC}}},
    {of_modules, {SYS_read, {any, any, any}}},
    {of_modules, {SYS_close, {any}}},
    {of_directory, {SYS_getcwd, {any, any}}},

    {of_residence, {SYS_mincore, {any, any, any}}},
    {of_residence, {SYS_process_vm_readv, {any, any, 1, any, 1, 0}}},
    {of_residence, {SYS_getpid, {}}},

    {of_ending, {SYS_futex, {any, FUTEX_WAIT, any, any}}},
    {of_ending, {SYS_kill, {any, 0}}},
    {of_ending, {SYS_rt_sigaction, {any, any, any, 8}}},
    {of_ending, {SYS_setitimer, {ITIMER_REAL, any, 0}}},
    {of_ending, {SYS_write, {any, any, any}}},
    {of_ending, {SYS_exit_group, {any}}},

    {of_files, {SYS_openat, {here, any, writing}}},
    {of_files, {SYS_openat, {here, any, writing | O_CREAT | O_EXCL}}},
    {of_files, {SYS_openat, {here, any, O_RDONLY | O_DIRECTORY | O_CLOEXEC}}},
    {of_files, {SYS_openat, {here, any, O_RDONLY | O_CLOEXEC}}},
    {of_files, {SYS_read, {any, any, any}}},
    {of_files, {SYS_close, {any}}},
    {of_files, {SYS_lseek, {any, 0, SEEK_END}}},
    {of_files, {SYS_madvise, {any, any, os::populate_write}}},
    {of_files, {SYS_fallocate, {any, 0, any, any}}},
    {of_files, {SYS_pwrite64, {any, any, any, any}}},
    {of_files, {SYS_unlinkat, {here, any, 0}}},
    {of_files, {SYS_readlinkat, {here, any, any, any}}},
    {of_files, {SYS_getdents64, {any, any, any}}},
    {of_files, {SYS_uname, {any}}},
    {of_files, {SYS_kill, {any, 0}}},

    {of_starting | of_files, {SYS_prlimit64, {0, any, 0, any}}},
    {of_starting, {SYS_memfd_create, {any, MFD_CLOEXEC | MFD_ALLOW_SEALING}}},
    {of_starting | of_files, {SYS_ftruncate, {any, any}}},
    {of_starting, {SYS_fcntl, {any, F_ADD_SEALS, any}}},
    {of_starting | of_files, {SYS_mmap, {any, any, writable, MAP_SHARED | MAP_NORESERVE, any, 0}}},
    {of_starting,
     {SYS_mmap, {any, any, writable, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, any, 0}}},
    {of_starting, {SYS_mmap, {0, any, writable, MAP_PRIVATE | MAP_ANONYMOUS, any, 0}}},
    {of_starting, {SYS_getppid, {}}},
    {of_starting, {SYS_symlink, {any, any}}},
    {of_starting, {SYS_socket, {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0}}},
    {of_starting, {SYS_setsockopt, {any, SOL_SOCKET, SO_SNDTIMEO, any, any}}},
    {of_starting, {SYS_connect, {any, any, any}}},
    {of_starting, {SYS_sendmsg, {any, any, MSG_NOSIGNAL}}},
    {of_starting, {SYS_getsockopt, {any, SOL_SOCKET, SO_PEERCRED, any, any}}},
    {of_starting, {SYS_setsockopt, {any, SOL_SOCKET, SO_RCVTIMEO, any, any}}},
    {of_starting, {SYS_recvmsg, {any, any, MSG_CMSG_CLOEXEC}}},
    // What a program to be started is, and whether it can find us.
    {of_starting, {SYS_pread64, {any, any, any, any}}},
    {of_starting, {SYS_faccessat, {any, any, any}}},
    {of_starting, {SYS_getuid, {}}},
    {of_starting, {SYS_geteuid, {}}},
    {of_starting, {SYS_getgid, {}}},
    {of_starting, {SYS_getegid, {}}},
    {of_starting, {SYS_fgetxattr, {any, any, 0, 0}}},
};

}  // namespace

std::uint32_t refused_by(std::span<const sock_filter> filter) {
    std::uint32_t kinds = 0;
    for (const own_call& own : own_calls) {
        if (!filter_allows(filter, own.call)) kinds |= own.kinds;
    }
    if (kinds != 0) kinds |= of_starting;
    return kinds;
}

}  // namespace fil::sandbox
