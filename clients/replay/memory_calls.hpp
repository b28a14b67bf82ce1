// How often an allocator asks the system for memory: brk, mmap, munmap, mremap, madvise, mprotect,
// counted in the process itself. A seccomp filter turns each into a SIGSYS, whose handler counts it
// and makes the call; that one is let through, by where it stands. So no privilege is needed, but a
// call takes a microsecond more: nothing is timed meanwhile. Threads that come later inherit it.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

// The call that is let through; by it the replay makes its own, too, which are not counted.
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

inline void count_call(int, siginfo_t* about, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    memory_calls.fetch_add(1, std::memory_order_relaxed);
    registers[REG_RAX] = fil_uncounted_call(
        about->si_syscall, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
        registers[REG_R10], registers[REG_R8], registers[REG_R9]);
}

// False: the system does not let us.
inline bool count_memory_calls() {
    struct sigaction action {};
    action.sa_sigaction = count_call;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    if (sigaction(SIGSYS, &action, nullptr) != 0) return false;
    const auto place = reinterpret_cast<std::uintptr_t>(fil_after_uncounted_call);
    const auto low = static_cast<std::uint32_t>(place),
               high = static_cast<std::uint32_t>(place >> 32);
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
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof filter / sizeof *filter, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace fil::replay_driver
