// A program that installs a seccomp filter for itself, by whichever way: from before that moment
// on the recorder makes no system call that the filter refuses (docs/design/hooks.md).
//
// `syscall` and `prctl` take what they are given in registers, like the functions behind them;
// whoever passes less passes anything in the others. Hot: some programs call nothing else.

#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>

#include "fil_hooks.h"
#include "real.hpp"

using fil::preload::real;

namespace {

const sock_fprog* program_at(unsigned long address) {
    return reinterpret_cast<const sock_fprog*>(address);
}

// Installs by call(), which answers 0; or the descriptor of who is to be asked, if there is one
// (`listener`); or else a thread's number where not all threads could follow. Who passes no filter
// asks what the kernel can do, and is told by the error.
template <typename Call>
[[gnu::noinline]] auto installed(const void* filter, std::size_t instructions, bool listener,
                                 Call call) {
    const std::uint32_t before = fil_sandbox_enter(filter, instructions);
    const auto result = call();
    const bool worked = listener ? result >= 0 : result == 0;
    if (!worked) fil_sandbox_restore(before);
    return result;
}

template <typename Call>
auto in_mode(unsigned long mode, unsigned long flags, unsigned long argument, Call call) {
    if (mode == SECCOMP_MODE_STRICT) return installed(nullptr, 0, false, call);
    const sock_fprog* program = program_at(argument);
    if (mode != SECCOMP_MODE_FILTER || program == nullptr || program->filter == nullptr) {
        return call();
    }
    const bool listener = (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
    return installed(program->filter, program->len, listener, call);
}

unsigned long mode_of(long operation) {
    if (operation == SECCOMP_SET_MODE_STRICT) return SECCOMP_MODE_STRICT;
    return operation == SECCOMP_SET_MODE_FILTER ? SECCOMP_MODE_FILTER : SECCOMP_MODE_DISABLED;
}

bool waits(long operation) {
    const long what = operation & FUTEX_CMD_MASK;
    return what == FUTEX_WAIT || what == FUTEX_WAIT_BITSET;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int prctl(int option, ...) noexcept {
    va_list rest;
    va_start(rest, option);
    unsigned long a[4];
    for (unsigned long& each : a) each = va_arg(rest, unsigned long);
    va_end(rest);
    const auto call = [&] { return real.prctl(option, a[0], a[1], a[2], a[3]); };
    return option == PR_SET_SECCOMP ? in_mode(a[0], 0, a[1], call) : call();
}

long syscall(long number, ...) noexcept {
    va_list rest;
    va_start(rest, number);
    long a[6];
    for (long& each : a) each = va_arg(rest, long);
    va_end(rest);
    const auto call = [&] { return real.syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]); };
    const auto second = static_cast<unsigned long>(a[1]), third = static_cast<unsigned long>(a[2]);
    if (number == SYS_seccomp) [[unlikely]]
        return in_mode(mode_of(a[0]), second, third, call);
    if (number == SYS_prctl && a[0] == PR_SET_SECCOMP) [[unlikely]]
        return in_mode(second, 0, third, call);
    if (number == SYS_futex && waits(a[1])) fil_thread_waits(__builtin_return_address(0));
    if (number == SYS_exit) [[unlikely]]
        fil_thread_of_library(nullptr, 0);
    return call();
}

}  // extern "C"
