#pragma once
/* Memory for what outgrows the memory that fil.h gives a source in a thread.
 *
 * Anonymous pages, zeroed, outside core dumps, by direct system calls: the libc functions of these
 * names may be hooks. map() answers NULL where there is none, and leaves errno alone. Any thread,
 * no locks. Hot path (uncommon part): no malloc, no throw.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace fil::python {

struct private_pages {
    static void* map(std::size_t bytes) {
        const int kept = errno;
        const long address = syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, off_t{0});
        const bool mapped = address != -1;
        if (mapped) syscall(SYS_madvise, address, bytes, MADV_DONTDUMP);
        errno = kept;
        return mapped ? reinterpret_cast<void*>(address) : nullptr;
    }

    static void unmap(void* address, std::size_t bytes) {
        const int kept = errno;
        syscall(SYS_munmap, address, bytes);
        errno = kept;
    }
};

}  // namespace fil::python
