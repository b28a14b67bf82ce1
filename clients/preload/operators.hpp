#pragma once
// C++'s operator new and delete, where they do not call malloc: another allocator's own (tcmalloc,
// jemalloc, mimalloc), linked as a library or preloaded. Those are counted here.
//
// The C++ library's own call malloc and free, which are counted; our operators jump there
// (operators_x86_64.S). Where no object behind us has any (a C program, Python), ours are taken out
// of sight, before a plugin can be loaded: it will find those that came with it, as it would
// without us.

struct link_map;

namespace fil::preload {

// With the other real functions, at the first event. `other_allocator`: the object whose malloc
// stands in for the C library's, or none.
void find_operators(const link_map* other_allocator);

}  // namespace fil::preload
