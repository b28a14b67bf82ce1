#include "other_allocator.hpp"

#include <link.h>

#include <cstddef>
#include <cstdint>

#include "address_range.hpp"
#include "next_definition.hpp"

namespace fil::preload {
namespace {

constinit range other_allocator, behind_it, earlier_allocator;

struct search {
    const void* address;
    range found;
};

range object_with(const void* address) {
    search asked{address, {}};
    dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* context) {
            auto& search = *static_cast<struct search*>(context);
            const range loaded = range_of(object->dlpi_addr, object->dlpi_phdr, object->dlpi_phnum);
            if (!loaded.holds(search.address)) return 0;
            search.found = loaded;
            return 1;
        },
        &asked);
    return asked.found;
}

}  // namespace

constinit bool has_other_allocator = false;

const link_map* find_other_allocator() {
    if (const void* earlier = earlier_malloc().address) earlier_allocator = object_with(earlier);
    // What no allocator has, unlike mmap, which tcmalloc stands before as well.
    const link_map* c_library = next_definition("__libc_start_main").object;
    const definition allocates = next_definition("malloc");
    if (allocates.object == c_library) return nullptr;
    has_other_allocator = true;
    other_allocator = object_with(allocates.address);
    // Intel's is two objects: one that stands in, and one that maps memory for it.
    if (const void* behind = next_definition("scalable_malloc").address) {
        behind_it = object_with(behind);
    }
    return allocates.object;
}

bool is_other_allocator(const void* caller) {
    return other_allocator.holds(caller) || behind_it.holds(caller);
}

bool is_earlier_allocator(const void* caller) {
    return earlier_allocator.holds(caller);
}

}  // namespace fil::preload
