#pragma once
// What a mapping without a file counts as: used, or reserved for later.
//
// Memory that cannot be written is reserved. So is an *arena*: it is writable already, but whoever
// maps it says that it is not to be accounted for (MAP_NORESERVE), or wants it for code; he takes
// from it as he needs. An allocator that maps each large block by itself may say MAP_NORESERVE too
// (jemalloc does), but it adds two MiB, to align, to what was asked for; so only a round size is
// believed. A fixed place is a part of something that was reserved before: what is asked for there
// is used.
//
// Pure.

#include <sys/mman.h>

#include <cstddef>

#include "fil_hooks.h"

namespace fil::preload {

inline constexpr std::size_t least_arena = std::size_t{64} << 20;

constexpr bool is_round(std::size_t bytes) {
    return bytes % (std::size_t{4} << 20) == 0;
}

// Code of that size is nobody's: V8 makes half a gigabyte executable at once.
constexpr bool is_code(int access) {
    return (access & PROT_WRITE) != 0 && (access & PROT_EXEC) != 0;
}

constexpr fil_mapping_kind kind_of_anonymous(std::size_t bytes, int access, int flags) {
    if ((access & PROT_WRITE) == 0) return FIL_MAPPING_RESERVED;
    const bool taken_as_needed =
        is_code(access) || ((flags & MAP_NORESERVE) != 0 && is_round(bytes));
    if (taken_as_needed && (flags & MAP_FIXED) == 0 && bytes >= least_arena) {
        return FIL_MAPPING_ARENA;
    }
    return (flags & MAP_TYPE) == MAP_PRIVATE ? FIL_MAPPING_ANONYMOUS : FIL_MAPPING_SHARED_ANONYMOUS;
}

// What mprotect makes of a whole range that was reserved.
constexpr fil_access access_of(std::size_t bytes, int access) {
    if ((access & PROT_WRITE) == 0) return FIL_ACCESS_NONE;
    return is_code(access) && bytes >= least_arena ? FIL_ACCESS_ARENA : FIL_ACCESS_YES;
}

}  // namespace fil::preload
