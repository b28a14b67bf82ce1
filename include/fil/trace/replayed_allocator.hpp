#pragma once
// The seam of replays: what is replayed on?
//
// Concept `replayed_allocator`, an object with
//
//     allocate(bytes, alignment)         a block; alignment 1: any
//     allocate_zeroed(bytes)             as calloc
//     reallocate(block, before, bytes)   as realloc; `before`: its bytes so far
//     release(block, bytes)
//     map(bytes), unmap(address, bytes)  whole pages
//
// called by all threads at once. One that only allocates and releases inherits the rest from
// `simple_allocator<Own>`, which maps nothing. nullptr: there is no memory; the replay goes on
// without that block and counts it. `null_allocator` gives no memory: what a replay on it costs is
// the replay's own.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace fil::trace {

template <typename Allocator>
concept replayed_allocator = requires(Allocator& allocator, void* block, std::size_t bytes) {
    { allocator.allocate(bytes, bytes) } -> std::same_as<void*>;
    { allocator.allocate_zeroed(bytes) } -> std::same_as<void*>;
    { allocator.reallocate(block, bytes, bytes) } -> std::same_as<void*>;
    {allocator.release(block, bytes)};
    { allocator.map(bytes) } -> std::same_as<void*>;
    {allocator.unmap(block, bytes)};
};

template <typename Own>
struct simple_allocator {
    void* allocate_zeroed(std::size_t bytes) {
        void* block = own().allocate(bytes, 1);
        return block == nullptr ? nullptr : std::memset(block, 0, bytes);
    }
    void* reallocate(void* block, std::size_t before, std::size_t bytes) {
        void* fresh = own().allocate(bytes, 1);
        if (fresh == nullptr) return nullptr;
        std::memcpy(fresh, block, std::min(before, bytes));
        own().release(block, before);
        return fresh;
    }
    void* map(std::size_t) { return nullptr; }
    void unmap(void*, std::size_t) {}

  private:
    Own& own() { return static_cast<Own&>(*this); }
};

// Whatever malloc is in this process.
struct malloc_allocator {
    void* allocate(std::size_t bytes, std::size_t alignment) {
        if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
        void* block = nullptr;
        return posix_memalign(&block, alignment, bytes) == 0 ? block : nullptr;
    }
    void* allocate_zeroed(std::size_t bytes) { return std::calloc(1, bytes); }
    void* reallocate(void* block, std::size_t, std::size_t bytes) {
        return std::realloc(block, bytes);
    }
    void release(void* block, std::size_t) { std::free(block); }
    void* map(std::size_t) { return nullptr; }
    void unmap(void*, std::size_t) {}
};
static_assert(replayed_allocator<malloc_allocator>);

// Not to be touched.
struct null_allocator {
    void* allocate(std::size_t, std::size_t) { return this; }
    void* allocate_zeroed(std::size_t) { return this; }
    void* reallocate(void* block, std::size_t, std::size_t) { return block; }
    void release(void*, std::size_t) {}
    void* map(std::size_t) { return this; }
    void unmap(void*, std::size_t) {}
};
static_assert(replayed_allocator<null_allocator>);

}  // namespace fil::trace
