#pragma once
// Memory for calls that arrive while the real functions are being looked up: dlsym may allocate.
//
// A static block, handed out from the front and never taken back. Such a block may be freed or
// grown at any later time, so free and realloc ask owns() first. Any thread; no lock.

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace fil::preload {

class bootstrap_memory {
  public:
    void* allocate(std::size_t bytes, std::size_t alignment = 16) {
        if (alignment < 16) alignment = 16;
        if (bytes > capacity || alignment > capacity) return refuse();
        std::size_t needed = header + bytes + alignment;
        std::size_t at = used_.fetch_add(needed, std::memory_order_relaxed);
        if (at > capacity - needed) return refuse();
        auto block = reinterpret_cast<std::uintptr_t>(memory_ + at + header);
        block = (block + alignment - 1) & ~(alignment - 1);
        reinterpret_cast<std::size_t*>(block)[-1] = bytes;
        return reinterpret_cast<void*>(block);
    }

    bool owns(const void* block) const {
        return reinterpret_cast<std::uintptr_t>(block) - reinterpret_cast<std::uintptr_t>(memory_) <
               capacity;
    }

    static std::size_t size(const void* block) {
        return static_cast<const std::size_t*>(block)[-1];
    }

  private:
    static constexpr std::size_t capacity = 64 * 1024, header = 16;

    static void* refuse() {
        errno = ENOMEM;
        return nullptr;
    }

    alignas(16) char memory_[capacity] = {};
    std::atomic<std::size_t> used_{0};
};

[[gnu::visibility("hidden")]] extern bootstrap_memory bootstrap;

}  // namespace fil::preload
