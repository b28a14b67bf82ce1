// An allocator for C and C++, preloaded after us or linked to a program: its operators do not call
// its malloc, its sized delete insists on the size, and what has no memory throws by itself. As
// tcmalloc, it stands before mmap as well.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

constexpr std::size_t capacity = 256 << 20, none = ~std::size_t{0};
std::size_t used;

struct header {
    std::size_t bytes, magic;
};
constexpr std::size_t our_magic = 0x6f70657261746f72;

char* memory() {
    static char* mapped = static_cast<char*>(
        mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    return mapped;
}

void* take(std::size_t bytes, std::size_t alignment = 16) {
    if (bytes > capacity) {
        errno = ENOMEM;
        return nullptr;
    }
    const std::size_t whole = (bytes + alignment + 31) & ~std::size_t{15};
    const std::size_t at = __atomic_fetch_add(&used, whole, __ATOMIC_RELAXED);
    if (at + whole > capacity) return nullptr;
    auto block = reinterpret_cast<std::uintptr_t>(memory() + at) + 16;
    block = (block + alignment - 1) & ~(alignment - 1);
    *reinterpret_cast<header*>(block - 16) = {bytes, our_magic};
    return reinterpret_cast<void*>(block);
}

void give(void* block, std::size_t bytes = none) {
    if (block == nullptr) return;
    auto& its = static_cast<header*>(block)[-1];
    if (its.magic != our_magic || (bytes != none && its.bytes != bytes)) {
        static const char text[] = "a block of somebody else\n";
        (void)!write(2, text, sizeof text - 1);
        _exit(9);
    }
    its.magic = 0;
}

void* take_or_throw(std::size_t bytes, std::size_t alignment = 16) {
    for (;;) {
        if (void* block = take(bytes, alignment)) return block;
        std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}
void* take_or_null(std::size_t bytes, std::size_t alignment = 16) noexcept {
    try {
        return take_or_throw(bytes, alignment);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

}  // namespace

extern "C" {
void* mmap(void* address, std::size_t bytes, int access, int flags, int file,
           off_t offset) noexcept {
    return reinterpret_cast<void*>(syscall(SYS_mmap, address, bytes, access, flags, file, offset));
}
void* malloc(std::size_t bytes) noexcept {
    return take(bytes);
}
void free(void* block) noexcept {
    give(block);
}
void* calloc(std::size_t count, std::size_t bytes) noexcept {
    return take(count * bytes);
}
void* realloc(void* block, std::size_t bytes) noexcept {
    void* fresh = take(bytes);
    if (block == nullptr || fresh == nullptr) return fresh;
    const std::size_t old = static_cast<header*>(block)[-1].bytes;
    std::memcpy(fresh, block, old < bytes ? old : bytes);
    give(block);
    return fresh;
}
}

using align = std::align_val_t;
using nothrow = const std::nothrow_t&;
void* operator new(std::size_t n) {
    return take_or_throw(n);
}
void* operator new[](std::size_t n) {
    return take_or_throw(n);
}
void* operator new(std::size_t n, nothrow) noexcept {
    return take_or_null(n);
}
void* operator new[](std::size_t n, nothrow) noexcept {
    return take_or_null(n);
}
void* operator new(std::size_t n, align a) {
    return take_or_throw(n, std::size_t(a));
}
void* operator new[](std::size_t n, align a) {
    return take_or_throw(n, std::size_t(a));
}
// By way of the hooked function, as jemalloc's.
void* operator new(std::size_t n, align a, nothrow) noexcept {
    return aligned_alloc(std::size_t(a), n);
}
void* operator new[](std::size_t n, align a, nothrow) noexcept {
    return take_or_null(n, std::size_t(a));
}
void operator delete(void* p) noexcept {
    give(p);
}
void operator delete[](void* p) noexcept {
    give(p);
}
void operator delete(void* p, nothrow) noexcept {
    give(p);
}
void operator delete[](void* p, nothrow) noexcept {
    give(p);
}
void operator delete(void* p, std::size_t n) noexcept {
    give(p, n);
}
void operator delete[](void* p, std::size_t n) noexcept {
    give(p, n);
}
void operator delete(void* p, align) noexcept {
    give(p);
}
void operator delete[](void* p, align) noexcept {
    give(p);
}
void operator delete(void* p, align, nothrow) noexcept {
    give(p);
}
void operator delete[](void* p, align, nothrow) noexcept {
    give(p);
}
void operator delete(void* p, std::size_t n, align) noexcept {
    give(p, n);
}
void operator delete[](void* p, std::size_t n, align) noexcept {
    give(p, n);
}

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    return take(bytes, alignment);
}
