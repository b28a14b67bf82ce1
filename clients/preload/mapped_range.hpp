#pragma once
// What the hooks of mappings share: whole pages, and a range between its forgetting and its fate.
//
// Forget before the system may give a range to another thread, record after we have it (hooks.md).
// Any thread; the recorder takes a lock.

#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "fil_hooks.h"

namespace fil::preload {

inline std::size_t page_bytes() {
    return static_cast<std::size_t>(getpagesize());
}

inline std::size_t rounded(std::size_t bytes, std::size_t page) {
    return (bytes + page - 1) & ~(page - 1);
}

// What is known of a range leaves the books until it is clear what became of it. A range that the
// system will refuse, because it does not begin with a page, is left alone.
class forgotten {
  public:
    forgotten(const void* address, std::size_t bytes) {
        std::size_t page = page_bytes();
        if (reinterpret_cast<std::uintptr_t>(address) % page != 0) return;
        pieces_ = fil_mapping_forget(address, rounded(bytes, page));
    }
    void answered(bool worked) {
        if (worked) {
            fil_mapping_discard(pieces_);
        } else {
            fil_mapping_restore(pieces_);
        }
    }
    fil_pieces* pieces() const { return pieces_; }

  private:
    fil_pieces* pieces_ = nullptr;
};

}  // namespace fil::preload
