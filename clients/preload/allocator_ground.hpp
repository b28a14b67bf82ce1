#pragma once
// The ground of allocators whose blocks are seen one by one (jemalloc_hooks.hpp): what they map is
// reserve, or every byte would be counted twice.
//
// Such an allocator may be a part of an object that maps memory for itself, too. So it is known by
// the places in its code that call mmap: those seen while we have it take memory, with nobody else
// of that object running on this thread. What it mapped at such a place before, when its library
// was loaded, becomes reserve then. Any thread, no lock; cold but for ground_of(). What is learned
// of an object, and forgotten, is so by one thread at a time (allocators_inside.cpp).

#include "address_range.hpp"

namespace fil::preload {

// The number (fil_allocator_found) of the allocator for which the code at `caller` maps ground; 0:
// it does not.
std::uint32_t ground_of(const void* caller);

// A mapping has come that is counted: of an allocator of which nobody tells the blocks, or one that
// may turn out to be ground.
void note_counted_mapping(const void* caller, const void* address, std::size_t bytes);

// Such a mapping went.
void forget_mapping(const void* address, std::size_t bytes);

// What this object maps is an allocator's of which nobody tells the blocks.
void note_untold_allocator(const range& object, std::uint32_t allocator);

// The object was closed: another may map from the same places.
void forget_ground_of(const range& object);

// As long as it lives: what this thread maps from within this object is that allocator's ground.
class learning_ground {
  public:
    learning_ground(const range& object, std::uint32_t allocator);
    ~learning_ground();
    learning_ground(const learning_ground&) = delete;
};

}  // namespace fil::preload
