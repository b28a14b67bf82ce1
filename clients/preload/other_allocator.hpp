#pragma once
// An allocator that stands in for the C library's: jemalloc, say, linked to the program or
// preloaded after us. What it maps is the ground that it cuts blocks from. Those are counted one by
// one, at the hooks of malloc; the ground counted as well, everything would be counted twice.
//
// Told by who calls mmap. Found with the real functions, before anything is recorded; afterwards
// read by any thread, no lock.

struct link_map;

namespace fil::preload {

// Returns its object, or none.
const link_map* find_other_allocator();

// Whether there is one: its blocks may be closer to each other than the C library's.
[[gnu::visibility("hidden")]] extern bool has_other_allocator;

// Whether the code at `caller` belongs to such an allocator.
bool is_other_allocator(const void* caller);

// Or to the program, where that has a malloc of its own, linked into it: our hooks stand behind
// that one and see the mappings that it makes, with its lock held, but none of its blocks.
bool is_earlier_allocator(const void* caller);

}  // namespace fil::preload
