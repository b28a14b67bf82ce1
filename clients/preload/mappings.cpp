// mmap and its family. As with blocks: forget a range before the system may give it to another
// thread, record one after we have it. One that fails is the program's to see to: arenas, hints and
// places below 4 GiB have another way. Where it has none, malloc's failure follows (heap.cpp).
//
// Uncommon path: the recorder takes a lock for each of these; the system call beside it costs more.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include "allocator_ground.hpp"
#include "anonymous_memory.hpp"
#include "fil_hooks.h"
#include "loader.hpp"
#include "mapped_file.hpp"
#include "mapped_range.hpp"
#include "other_allocator.hpp"
#include "real.hpp"

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

using namespace fil::preload;

namespace {

std::size_t page_bytes_of(int flags) {
    if ((flags & MAP_HUGETLB) == 0) return page_bytes();
    unsigned shift = (static_cast<unsigned>(flags) >> MAP_HUGE_SHIFT) & 0x3f;
    return std::size_t{1} << (shift != 0 ? shift : 21);
}

fil_mapping_kind kind_of(int file, std::size_t bytes, int access, int flags) {
    const bool anonymous = (flags & MAP_ANONYMOUS) != 0 || is_dev_zero(file);
    return anonymous ? kind_of_anonymous(bytes, access, flags)
                     : kind_of_mapped_file(file, access, flags);
}

fil_mapping_kind ground_kind_of(int access) {
    return (access & PROT_WRITE) != 0 ? FIL_MAPPING_ANONYMOUS : FIL_MAPPING_RESERVED;
}

template <typename Call>
void* map(const void* caller, void* address, std::size_t bytes, int access, int flags, int file,
          Call call) {
    notice_new_objects(caller);
    bool replaces = (flags & MAP_FIXED) != 0;  // MAP_FIXED_NOREPLACE is another bit
    forgotten below(replaces ? address : nullptr, replaces ? bytes : 0);
    void* mapped = call();
    below.answered(mapped != MAP_FAILED);
    if (mapped == MAP_FAILED) return mapped;
    bytes = rounded(bytes, page_bytes_of(flags));
    if (is_other_allocator(caller)) {
        if ((flags & MAP_ANONYMOUS) != 0) fil_allocator_ground(FIL_ALLOCATOR_MALLOC, mapped, bytes);
    } else if (const std::uint32_t allocator = ground_of(caller)) {
        fil_pool_begin();
        fil_record_map(mapped, bytes, ground_kind_of(access));
        fil_pool_end();
        fil_allocator_ground(allocator, mapped, bytes);
    } else {
        fil_record_map(mapped, bytes, kind_of(file, bytes, access, flags));
        note_counted_mapping(caller, mapped, bytes);
    }
    return mapped;
}

// Memory that may only be read stays what it was: in use, or reserved.
void now_protected(void* address, std::size_t bytes, int access) {
    const bool writable = (access & PROT_WRITE) != 0;
    bytes = rounded(bytes, page_bytes());
    if (writable || access == PROT_NONE) {
        fil_record_protect(address, bytes, access_of(bytes, access));
    }
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

void* mmap(void* address, std::size_t bytes, int access, int flags, int file,
           off_t offset) noexcept {
    return map(__builtin_return_address(0), address, bytes, access, flags, file,
               [&] { return real.mmap(address, bytes, access, flags, file, offset); });
}

void* mmap64(void* address, std::size_t bytes, int access, int flags, int file,
             off64_t offset) noexcept {
    return map(__builtin_return_address(0), address, bytes, access, flags, file,
               [&] { return real.mmap64(address, bytes, access, flags, file, offset); });
}

int munmap(void* address, std::size_t bytes) noexcept {
    forgotten range(address, bytes);
    fil_allocator_ground_went(address, rounded(bytes, page_bytes()));
    forget_mapping(address, bytes);
    int result = real.munmap(address, bytes);
    range.answered(result == 0);
    return result;
}

void* mremap(void* address, std::size_t bytes, std::size_t new_bytes, int flags, ...) noexcept {
    va_list rest;
    va_start(rest, flags);
    void* new_address = va_arg(rest, void*);
    va_end(rest);
    // The old range also stays: asked for with DONTUNMAP (its pages move, and it is empty), or by a
    // length of 0 (which makes a second view of a shared mapping).
    const bool is_view = bytes == 0;
    bool old_stays = is_view || (flags & MREMAP_DONTUNMAP) != 0;
    bool fixed = (flags & MREMAP_FIXED) != 0;
    forgotten old(address, old_stays ? 0 : bytes);
    forgotten below(fixed ? new_address : nullptr, fixed ? new_bytes : 0);
    void* moved = real.mremap(address, bytes, new_bytes, flags, new_address);
    below.answered(moved != MAP_FAILED);
    if (moved == MAP_FAILED) {
        old.answered(false);
    } else if (old_stays) {
        fil_record_view(address, moved, rounded(new_bytes, page_bytes()),
                        is_view ? FIL_MAPPING_SHARED : FIL_MAPPING_ANONYMOUS);
    } else {
        fil_mapping_move(old.pieces(), address, moved, rounded(new_bytes, page_bytes()));
    }
    return moved;
}

int mprotect(void* address, std::size_t bytes, int access) noexcept {
    int result = real.mprotect(address, bytes, access);
    if (result == 0) now_protected(address, bytes, access);
    return result;
}

int pkey_mprotect(void* address, std::size_t bytes, int access, int key) noexcept {
    int result = real.pkey_mprotect(address, bytes, access, key);
    if (result == 0) now_protected(address, bytes, access);
    return result;
}

}  // extern "C"
