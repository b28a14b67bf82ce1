#pragma once
// mlock() by the kernel's own call: libc's does nothing under a sanitizer. For tests.

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace fil::test {

inline long lock_pages(const void* first, std::size_t bytes) {
    return syscall(SYS_mlock, first, bytes);
}

}  // namespace fil::test
