// The malloc family. The rules: a block goes (in our books) before it is really given back, and
// comes after it was really taken; otherwise another thread may be given the same address in
// between, and its entry is the one that is lost.
//
// Hot path: no allocation, no throw, errno as the real function left it.

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "asked_as.hpp"
#include "fil_hooks.h"
#include "real.hpp"
#include "record_block.hpp"

using fil::preload::asked_as;
using fil::preload::find_and_decide;
using fil::preload::only_freed;
using fil::preload::real;
using fil::preload::record_block;

namespace {

// A real function may be written in terms of another one that is hooked (reallocarray calls
// realloc, in some libraries): what that hook sees must not count twice.
struct uncounted {
    uncounted() { fil_guard_raise(); }
    ~uncounted() { fil_guard_lower(); }
};

// A request was refused: for want of memory, or for a reason of its own.
[[gnu::cold, gnu::noinline]] void* refused(std::size_t bytes) {
    if (errno == ENOMEM) fil_record_failed(bytes);
    return nullptr;
}

// A large alignment may be more than can be had, of however small a block.
void* counted(void* block, std::size_t bytes, std::size_t alignment = 0) {
    if (block == nullptr) [[unlikely]]
        return refused(std::max(bytes, alignment));
    record_block(block, bytes);
    return block;
}

// Of the functions that align: each may be written in terms of another.
template <typename Real>
void* counted_aligned(Real&& take, std::size_t bytes, std::size_t alignment) {
    void* block = nullptr;
    {
        uncounted inside;
        block = take();
    }
    const asked_as as(FIL_REQUEST_PLAIN, alignment);
    return counted(block, bytes, alignment);
}

// The size of calloc's and reallocarray's block; where it overflows, more than can be had.
std::size_t product(std::size_t count, std::size_t bytes) {
    std::size_t total = 0;
    return __builtin_mul_overflow(count, bytes, &total) ? SIZE_MAX : total;
}

// The block is what it was. Of one that is none of ours somebody above us knows (Python's
// allocator, which forgot it first), and will put it back before the failure is told.
[[gnu::cold, gnu::noinline]] void not_grown(void* block, fil_block old, std::size_t bytes) {
    fil_block_restore(block, old);
    if (block == nullptr || old.callstack != FIL_CALLSTACK_NONE) refused(bytes);
}

// What became of a block that realloc was to make `bytes` large, and that is forgotten.
void* grown(void* fresh, void* block, const fil_block& old, std::size_t bytes) {
    if (fresh != nullptr) {
        record_block(fresh, bytes);
    } else if (bytes != 0) {
        not_grown(block, old, bytes);
    } else {  // realloc(p, 0) has freed p
        only_freed();
    }
    return fresh;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void* malloc(std::size_t bytes) noexcept {
    return counted(real.malloc(bytes), bytes);
}

void* calloc(std::size_t count, std::size_t bytes) noexcept {
    void* block = real.calloc(count, bytes);
    [[maybe_unused]] const asked_as as(FIL_REQUEST_ZEROED);
    return counted(block, product(count, bytes));
}

void* realloc(void* block, std::size_t bytes) noexcept {
    const fil_block old = fil_block_forget(block);
    return grown(real.realloc(block, bytes), block, old, bytes);
}

void* reallocarray(void* block, std::size_t count, std::size_t bytes) noexcept {
    const fil_block old = fil_block_forget(block);
    void* fresh = nullptr;
    {
        uncounted inside;
        fresh = real.reallocarray(block, count, bytes);
    }
    return grown(fresh, block, old, product(count, bytes));
}

void free(void* block) noexcept {
    fil_record_free(block);
    real.free(block);
}

void cfree(void* block) noexcept {
    free(block);
}

void free_sized(void* block, std::size_t bytes) noexcept {
    auto real_free_sized = find_and_decide().free_sized;
    if (real_free_sized == nullptr) return free(block);
    fil_record_free(block);
    real_free_sized(block, bytes);
}

void free_aligned_sized(void* block, std::size_t alignment, std::size_t bytes) noexcept {
    auto real_free_aligned_sized = find_and_decide().free_aligned_sized;
    if (real_free_aligned_sized == nullptr) return free(block);
    fil_record_free(block);
    real_free_aligned_sized(block, alignment, bytes);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept {
    int failure = 0;
    {
        uncounted inside;
        failure = real.posix_memalign(block, alignment, bytes);
    }
    if (failure == 0) {
        const asked_as as(FIL_REQUEST_PLAIN, alignment);
        record_block(*block, bytes);
    } else if (failure == ENOMEM) {
        fil_record_failed(std::max(bytes, alignment));
    }
    return failure;
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    return counted_aligned([=] { return real.aligned_alloc(alignment, bytes); }, bytes, alignment);
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
    return counted_aligned([=] { return real.memalign(alignment, bytes); }, bytes, alignment);
}

void* valloc(std::size_t bytes) noexcept {
    const auto page = static_cast<std::size_t>(getpagesize());
    return counted_aligned([=] { return real.valloc(bytes); }, bytes, page);
}

void* pvalloc(std::size_t bytes) noexcept {
    const auto page = static_cast<std::size_t>(getpagesize());
    const bool overflows = bytes > SIZE_MAX - (page - 1);
    const std::size_t whole = overflows ? SIZE_MAX : (bytes + page - 1) & ~(page - 1);
    return counted_aligned([=] { return real.pvalloc(bytes); }, whole, page);
}

}  // extern "C"
