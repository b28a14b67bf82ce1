#pragma once
// A block of malloc's becomes known.
//
// Hot path: no allocation, no throw.

#include <cstddef>

#include "fil_hooks.h"
#include "other_allocator.hpp"

namespace fil::preload {

inline void record_block(const void* block, std::size_t bytes) {
    if (has_other_allocator) [[unlikely]]
        return fil_record_alloc(block, bytes);
    fil_record_alloc_apart(block, bytes);
}

}  // namespace fil::preload
