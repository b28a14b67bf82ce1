#pragma once
// All hashing, by xxHash (XXH3), and the cheap mixing of one word for direct-mapped caches.
//
// Hot path: no allocation, no throw. XXH3 gives the same numbers everywhere; files hold them.

#include <cstddef>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace fil {

inline std::uint64_t hash_bytes(const void* data, std::size_t length, std::uint64_t seed = 0) {
    return XXH3_64bits_withSeed(data, length, seed);
}

// Fibonacci hashing: the upper bits of the product are well mixed; callers shift down from them.
inline std::uint64_t mix(std::uint64_t word) {
    return word * 0x9E3779B97F4A7C15ull;
}

}  // namespace fil
