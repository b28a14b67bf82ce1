#include "os/system_stack_ends.hpp"

#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "os/linux_numbers.hpp"
#include "os/os.hpp"
#include "os/sandbox.hpp"

namespace fil {
namespace {

// The kernel keeps this much below the first thread's stack free of other mappings, at least.
constexpr std::uintptr_t gap = 128 << 20;
// Other threads' stacks are longer than this, but for those of programs that count each page.
constexpr std::uintptr_t short_stack = 128 << 10;

std::uintptr_t end_of_first() {
    return getauxval(AT_RANDOM) & -sizeof(std::uintptr_t);
}

std::uintptr_t thread_pointer() {
    return reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer());
}

// The first thread's pointer, once it was met. It is no end of a stack: the loader put it among the
// libraries.
constinit std::atomic<std::uintptr_t> pointer_of_first{0};
bool is_of_first(std::uintptr_t pointer) {
    const std::uintptr_t known = pointer_of_first.load(std::memory_order_relaxed);
    if (known != 0) return pointer == known;
    return os::is_first_thread();
}
std::uintptr_t end_of_others() {
    const std::uintptr_t pointer = thread_pointer();
    return is_of_first(pointer) ? 0 : pointer;
}

// What can be told without asking, of a page between a stack pointer and the end of the stack.
bool is_of_a_stack(std::uintptr_t page) {
    return end_of_first() - page < gap || end_of_others() - page < short_stack;
}

}  // namespace

// What the kernel put above the first frame of the process lies at the end of the first thread's
// stack; of all others, the C library has its words about the thread there.
std::uintptr_t system_stack_ends::nearest_end(std::uintptr_t sp) {
    const std::uintptr_t first = end_of_first();
    if (first - sp < gap) {
        pointer_of_first.store(thread_pointer(), std::memory_order_relaxed);
        return first;
    }
    const std::uintptr_t own = end_of_others();
    return own > sp ? own : 0;
}

std::uintptr_t system_stack_ends::end_of(std::uintptr_t place, std::uintptr_t thread) {
    const std::uintptr_t first = end_of_first();
    return first - place < gap ? first : thread;
}

// A system call that reads a word and then finds that it is to do nothing with it; which error it
// was, tells. (To write to a pipe would need one, and mincore knows pages that cannot be read.)
bool system_stack_ends::is_readable(std::uintptr_t page) {
    if (!sandbox::allows(sandbox::of_signal_stack)) return is_of_a_stack(page);
    const os::keep_errno keep;
    return syscall(SYS_rt_sigprocmask, os::no_such_change, page, nullptr, 8) == 0 ||
           errno == EINVAL;
}

}  // namespace fil
