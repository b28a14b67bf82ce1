#include "os/system_stack_ends.hpp"

#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "os/os.hpp"
#include "os/sandbox.hpp"

namespace fil {
namespace {

// The kernel keeps this much below the first thread's stack free of other mappings, at least.
constexpr std::uintptr_t gap = 128 << 20;

}  // namespace

// What the kernel put above the first frame of the process lies at the end of the first thread's
// stack; of all others, the C library has its words about the thread there.
std::uintptr_t system_stack_ends::nearest_end(std::uintptr_t sp) {
    const std::uintptr_t first = getauxval(AT_RANDOM);
    if (first - sp < gap) return first & -sizeof(std::uintptr_t);
    const auto own = reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer());
    return own > sp ? own : 0;
}

// A system call that reads a word and then finds that it is to do nothing with it; which error it
// was, tells. (To write to a pipe would need one, and mincore knows pages that cannot be read.)
bool system_stack_ends::is_readable(std::uintptr_t page) {
    if (!sandbox::allows(sandbox::of_signal_stack)) return false;
    const os::keep_errno keep;
    constexpr int no_such_change = 3;
    return syscall(SYS_rt_sigprocmask, no_such_change, page, nullptr, 8) == 0 || errno == EINVAL;
}

}  // namespace fil
