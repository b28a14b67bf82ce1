#pragma once
// Where something lies in this process: an object, or a part of one. Pure.

#include <link.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fil::preload {

struct range {
    std::uintptr_t start = 0;
    std::size_t bytes = 0;
    bool holds(const void* address) const {
        return reinterpret_cast<std::uintptr_t>(address) - start < bytes;
    }
};

inline range range_of(const ElfW(Addr) base, const ElfW(Phdr) * headers, int count) {
    std::uintptr_t first = UINTPTR_MAX, last = 0;
    for (int i = 0; i < count; ++i) {
        const ElfW(Phdr)& segment = headers[i];
        if (segment.p_type != PT_LOAD) continue;
        first = std::min(first, base + segment.p_vaddr);
        last = std::max(last, base + segment.p_vaddr + segment.p_memsz);
    }
    return first < last ? range{first, last - first} : range{};
}

}  // namespace fil::preload
