// What a forked process has made its own by writing to what it inherited (copy-on-write): pages
// that it has written to and shares with nobody, where its parent has the same mapping, less what
// it asked for there itself.
//
// It may be more than was copied: what an allocator took there for this process and did not hand
// out counts, and what the parent wrote to, whose old pages are then the child's alone. Pages that
// several children of one parent share are nobody's, and a mapping that the parent has given back
// is left out. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "sample/kernel_mappings.hpp"
#include "sample/known_memory.hpp"

namespace fil::cli {

// Of one of its mappings, of which it knows what is its own.
std::int64_t copied_bytes(const kernel_mapping& one, const known_memory& known,
                          std::span<const kernel_mapping> parents);

}  // namespace fil::cli
