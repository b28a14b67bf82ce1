// How often an allocator asks the system for memory: brk, mmap, munmap, mremap, madvise, mprotect,
// counted in the process itself. A seccomp filter has the kernel tell a thread of ours of each,
// which counts it and lets it go on: no privilege is needed, and signals may be blocked (as where a
// thread of glibc's ends). A call takes some microseconds more: nothing is timed meanwhile.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <thread>

// By this the replay makes its own calls, which are not counted: it is known by where it stands.
extern "C" long fil_uncounted_call(long number, long a, long b, long c, long d, long e, long f);
extern "C" const char fil_after_uncounted_call[];
asm(R"(
    .text
    .globl fil_uncounted_call
    .type fil_uncounted_call, @function
fil_uncounted_call:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9
    syscall
    .globl fil_after_uncounted_call
fil_after_uncounted_call:
    ret
    .size fil_uncounted_call, . - fil_uncounted_call
)");

namespace fil::replay_driver {

inline std::atomic<std::uint64_t> memory_calls{0};
inline std::atomic<int> told_of_calls{-1};

// Until the process ends. Its own calls are not filtered: it was there before.
inline void hear_of_calls() {
    told_of_calls.wait(-1);
    for (;;) {
        seccomp_notif call{};
        if (ioctl(told_of_calls, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
            if (errno == EINTR || errno == ENOENT) continue;
            return;
        }
        memory_calls.fetch_add(1, std::memory_order_relaxed);
        seccomp_notif_resp answer{};
        answer.id = call.id;
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(told_of_calls, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

// Those of this thread and of all that it starts. False: the system does not let us.
inline bool count_memory_calls() {
    const auto place = reinterpret_cast<std::uintptr_t>(fil_after_uncounted_call);
    const auto low = static_cast<std::uint32_t>(place);
    const auto high = static_cast<std::uint32_t>(place >> 32);
    const auto word = [](std::size_t offset) {
        return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    };
    const auto equals = [](std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
    };
    // Each of the six jumps to the look at the place; what is none of them is allowed at once.
    sock_filter filter[] = {
        word(offsetof(seccomp_data, arch)),
        equals(AUDIT_ARCH_X86_64, 0, 12),
        word(offsetof(seccomp_data, nr)),
        equals(SYS_brk, 5, 0),
        equals(SYS_mmap, 4, 0),
        equals(SYS_munmap, 3, 0),
        equals(SYS_mremap, 2, 0),
        equals(SYS_madvise, 1, 0),
        equals(SYS_mprotect, 0, 5),
        word(offsetof(seccomp_data, instruction_pointer)),
        equals(low, 0, 2),
        word(offsetof(seccomp_data, instruction_pointer) + 4),
        equals(high, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof filter / sizeof *filter, filter};
    std::thread(hear_of_calls).detach();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    const auto teller = static_cast<int>(
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
    if (teller < 0) return false;
    told_of_calls.store(teller);
    told_of_calls.notify_all();
    return true;
}

}  // namespace fil::replay_driver
