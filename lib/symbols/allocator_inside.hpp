#pragma once
// The allocator that a program brings along, linked into its file, where no preloaded hook is
// asked: its blocks are not seen, only what it maps for them.
//
// Told by the names in the file's symbol table. Cold; reads a file; throws std::bad_alloc only.

#include <string>

namespace fil {

// "jemalloc", "a malloc of its own"; "" where there is none, or the file does not say.
std::string allocator_inside(const std::string& executable);

}  // namespace fil
