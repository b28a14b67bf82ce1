#include "os/cold/pages_in_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace fil::os {

std::size_t page_bytes() {
    return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

bool see_pages_in_memory(void* start, std::size_t bytes, unsigned char* states) {
    return mincore(start, bytes, states) == 0;
}

}  // namespace fil::os
