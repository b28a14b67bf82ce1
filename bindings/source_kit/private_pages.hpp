#pragma once
// Memory for what outgrows the memory that fil.h gives a source in a thread: zeroed pages, from
// where the recorder's own come. map() answers NULL where there are none. A type, so that tests can
// refuse. Any thread, no locks. Hot path (uncommon part): no malloc, no throw.
#include <cstddef>

#include "fil.h"

namespace fil::source_kit {

struct private_pages {
    static void* map(std::size_t bytes) { return fil_source_map(bytes); }
    static void unmap(void* address, std::size_t bytes) { fil_source_unmap(address, bytes); }
};

}  // namespace fil::source_kit
