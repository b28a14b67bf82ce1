#include "real.hpp"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "bootstrap.hpp"
#include "other_allocator.hpp"
#include "start.hpp"

namespace fil::preload {

constinit bootstrap_memory bootstrap;

namespace {

// The function behind each pointer at first.
#define FIL_HOOK(result, name, parameters, arguments) \
    result first_##name parameters {                  \
        return settle().name arguments;               \
    }
#define FIL_HOOK_OPTIONAL(result, name, parameters, arguments)
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE

constinit real_functions found{};
constinit std::atomic<bool> all_found{false};
constinit std::atomic<bool> settled{false};

// This thread is inside dlsym on our behalf: what it allocates comes from `bootstrap`.
constinit thread_local bool looking_up = false;

// Itself, where the C library's function that makes it is not known yet.
long system_call(long number, long a, long b, long c, long d, long e, long f) {
    register long fourth asm("r10") = d;
    register long fifth asm("r8") = e;
    register long sixth asm("r9") = f;
    long answer = number;
    asm volatile("syscall"
                 : "+a"(answer)
                 : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                 : "rcx", "r11", "memory");
    if (answer >= -4095 && answer < 0) {
        errno = static_cast<int>(-answer);
        return -1;
    }
    return answer;
}

// A system call that answers with an address; a failure is -1, which is MAP_FAILED.
void* from_system(long answer) {
    return reinterpret_cast<void*>(answer);
}

constinit const real_functions while_looking_up = [] {
    real_functions functions{};
    functions.malloc = [](std::size_t bytes) { return bootstrap.allocate(bytes); };
    functions.calloc = [](std::size_t count, std::size_t bytes) {
        std::size_t product = 0;
        if (__builtin_mul_overflow(count, bytes, &product)) product = ~std::size_t{0};
        return bootstrap.allocate(product);  // never used before, so it is zero
    };
    functions.realloc = [](void* block, std::size_t bytes) {
        void* fresh = bootstrap.allocate(bytes);
        if (fresh != nullptr && block != nullptr && bootstrap.owns(block)) {
            std::size_t old = bootstrap_memory::size(block);
            std::memcpy(fresh, block, old < bytes ? old : bytes);
        }
        return fresh;
    };
    functions.free = [](void*) {};
    functions.aligned_alloc = functions.memalign = [](std::size_t alignment, std::size_t bytes) {
        return bootstrap.allocate(bytes, alignment);
    };
    functions.posix_memalign = [](void** block, std::size_t alignment, std::size_t bytes) {
        *block = bootstrap.allocate(bytes, alignment);
        return *block != nullptr ? 0 : ENOMEM;
    };
    // A program with a malloc of its own: that is the one which dlsym calls, and it maps memory.
    functions.mmap = functions.mmap64 = [](void* address, std::size_t bytes, int access, int flags,
                                           int file, off_t offset) {
        return from_system(syscall(SYS_mmap, address, bytes, access, flags, file, offset));
    };
    functions.munmap = [](void* address, std::size_t bytes) {
        return static_cast<int>(syscall(SYS_munmap, address, bytes));
    };
    functions.mremap = [](void* address, std::size_t bytes, std::size_t new_bytes, int flags,
                          void* new_address) {
        return from_system(syscall(SYS_mremap, address, bytes, new_bytes, flags, new_address));
    };
    functions.mprotect = [](void* address, std::size_t bytes, int access) {
        return static_cast<int>(syscall(SYS_mprotect, address, bytes, access));
    };
    functions.syscall = system_call;  // of ours, and of such a malloc
    return functions;
}();

void find_all() {
    looking_up = true;
#define FIL_HOOK(result, name, parameters, arguments) \
    found.name = reinterpret_cast<decltype(found.name)>(dlsym(RTLD_NEXT, #name));
#define FIL_HOOK_OPTIONAL FIL_HOOK
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
    find_other_allocator(reinterpret_cast<const void*>(found.malloc),
                         reinterpret_cast<const void*>(found.mmap));
    dlerror();  // the program must not find our misses in its own dlerror()
    looking_up = false;
}

// Word by word: another thread may be calling through the table meanwhile.
void publish() {
#define FIL_HOOK(result, name, parameters, arguments) \
    __atomic_store_n(&real.name, found.name, __ATOMIC_RELAXED);
#define FIL_HOOK_OPTIONAL FIL_HOOK
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
    settled.store(true, std::memory_order_release);
}

}  // namespace

constinit real_functions real{
#define FIL_HOOK(result, name, parameters, arguments) .name = first_##name,
#define FIL_HOOK_OPTIONAL(result, name, parameters, arguments) .name = nullptr,
#define FIL_HOOK_ALONE(name)
#include "hooks.def"
#undef FIL_HOOK
#undef FIL_HOOK_OPTIONAL
#undef FIL_HOOK_ALONE
};

const real_functions& settle(bool last_chance) {
    if (settled.load(std::memory_order_acquire)) return found;
    if (looking_up) return while_looking_up;
    int kept = errno;
    // Should several threads come here at once, they all write the same values.
    if (!all_found.load(std::memory_order_acquire)) {
        find_all();
        all_found.store(true, std::memory_order_release);
    }
    if (decide_whether_to_record(last_chance)) publish();
    errno = kept;
    return found;
}

}  // namespace fil::preload
