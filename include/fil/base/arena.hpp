#pragma once
// A bump allocator over pages: objects that live as long as the recorder does.
//
// Memory comes zeroed and is never given back; a forked child starts a new arena and leaves the
// parent's copy alone. Not thread-safe: the owner of what is allocated holds its own lock.
// Hot path (uncommon part): no malloc, no throw; nullptr when memory ran out.

#include <cstddef>

#include "fil/base/pages.hpp"

namespace fil {

template <page_source Pages>
class arena {
  public:
    static constexpr std::size_t block_bytes = 256 * 1024;

    // At a multiple of 16.
    void* take(std::size_t bytes) {
        bytes = (bytes + 15) & ~std::size_t{15};
        if (bytes > block_bytes / 4) return Pages::map(bytes);
        if (bytes > left_) {
            void* block = Pages::map(block_bytes);
            if (block == nullptr) return nullptr;
            next_ = static_cast<std::byte*>(block);
            left_ = block_bytes;
        }
        void* result = next_;
        next_ += bytes;
        left_ -= bytes;
        return result;
    }

  private:
    std::byte* next_ = nullptr;
    std::size_t left_ = 0;
};

}  // namespace fil
