#pragma once
// An allocator that stands in for the C library's: jemalloc, say, linked to the program or
// preloaded after us. What it maps is the ground that it cuts blocks from. Those are counted one by
// one, at the hooks of malloc; the ground counted as well, everything would be counted twice.
//
// Told by who calls mmap. Found with the real functions, before anything is recorded; afterwards
// read by any thread, no lock.

namespace fil::preload {

// `allocates` and `maps`: the real malloc and mmap.
void find_other_allocator(const void* allocates, const void* maps);

// Whether the code at `caller` belongs to such an allocator.
bool is_other_allocator(const void* caller);

}  // namespace fil::preload
