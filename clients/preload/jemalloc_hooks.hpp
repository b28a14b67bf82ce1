#pragma once
// A jemalloc that a library or the program brought along: its blocks, one by one, as it tells of
// them itself. jemalloc 5.2 and later calls who asks for it ("experimental.hooks.install") after a
// block has come and before one goes; nothing of it is patched.
//
// That interface may change with any version. So it is not believed before it was seen to work:
// a block is taken and given back, and must be told of as we expect; else the hooks are removed
// again, and the program runs as it would.
//
// Cold. Calls the allocator: never from the inside of it.

#include <string_view>

#include "address_range.hpp"

namespace fil::preload {

// Functions of one jemalloc, by the names that all its prefixes leave. A linker drops those that
// nobody calls: one of the last three is enough.
struct jemalloc_functions {
    int (*mallctl)(const char*, void*, std::size_t*, void*, std::size_t) = nullptr;
    void* (*mallocx)(std::size_t, int) = nullptr;
    void (*dallocx)(void*, int) = nullptr;
    void (*sdallocx)(void*, std::size_t, int) = nullptr;
    void (*free)(void*) = nullptr;
};

enum class jemalloc_answer {
    told,     // its blocks are seen from now on
    older,    // it has no such hooks
    unknown,  // or tells of something else than we know
};

// `object`: where its code lies; `name`: what readers of a report call it.
jemalloc_answer listen_to_jemalloc(const jemalloc_functions& functions, const range& object,
                                   std::string_view name);

// The text of its version, or "".
const char* version_of_jemalloc(const jemalloc_functions& functions);

}  // namespace fil::preload
