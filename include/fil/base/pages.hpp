#pragma once
// The seam of memory: where do the core's own tables stand?
//
// Concept `page_source`, a type whose static functions give private memory for bookkeeping:
//
//     map(bytes)             zeroed, at a multiple of 4096; nullptr: there is none. Large and
//     sparse:
//                            what is never touched should cost nothing.
//     unmap(address, bytes)  takes back what map gave, whole
//
// Called on uncommon paths of an event, by any thread, perhaps inside the program's malloc: no
// malloc of the program's, no throw, errno kept. What is asked for stays for the recorder's life.
// libfil's own models are in lib/os; examples/core_alone.cpp has one of two lines.

#include <concepts>
#include <cstddef>

namespace fil {

template <typename Pages>
concept page_source = requires(std::size_t bytes, void* address) {
    { Pages::map(bytes) } -> std::same_as<void*>;
    { Pages::unmap(address, bytes) } -> std::same_as<void>;
};

// There is no memory.
struct null_pages {
    static void* map(std::size_t) { return nullptr; }
    static void unmap(void*, std::size_t) {}
};
static_assert(page_source<null_pages>);

}  // namespace fil
