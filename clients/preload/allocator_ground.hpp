#pragma once
// The ground of allocators whose blocks are seen one by one (jemalloc_hooks.hpp): what they map is
// reserve, or every byte would be counted twice.
//
// Such an allocator may be a part of an object that maps memory for itself, too. So it is known by
// the places in its code that call mmap: those seen while we have it take memory, with nobody else
// of that object running on this thread. What it mapped at such a place before, when its library
// was loaded, becomes reserve then. Any thread, no lock; cold but for is_ground().

#include "address_range.hpp"

namespace fil::preload {

// Whether the code at `caller` maps ground.
bool is_ground(const void* caller);

// A mapping has come; it may turn out to be ground.
void remember_mapping(const void* caller, const void* address);

// As long as it lives: what this thread maps from within this object is ground.
class learning_ground {
  public:
    explicit learning_ground(const range& object);
    ~learning_ground();
    learning_ground(const learning_ground&) = delete;
    bool has_learned() const;
};

}  // namespace fil::preload
