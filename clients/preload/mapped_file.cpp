#include "mapped_file.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <cerrno>

namespace fil::preload {
namespace {

constexpr auto tmpfs = 0x01021994, hugetlbfs = static_cast<int>(0x958458f6);

bool is_in_memory(int file) {
    struct statfs system;
    if (fstatfs(file, &system) != 0) return false;
    const int type = static_cast<int>(system.f_type);
    return type == tmpfs || type == hugetlbfs;
}

// In a sandbox that does not let us ask: what is shared and written is mostly memory.
fil_mapping_kind likely_kind(int access) {
    return (access & PROT_WRITE) != 0 ? FIL_MAPPING_SHARED : FIL_MAPPING_FILE;
}

}  // namespace

bool is_dev_zero(int file) {
    if (fil_sandbox_allows(FIL_CALLS_OF_MAPPED_FILES) == 0) return false;
    const int kept = errno;
    struct stat status;
    const bool found =
        fstat(file, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 5);
    errno = kept;
    return found;
}

fil_mapping_kind kind_of_mapped_file(int file, int access, int flags) {
    if ((flags & MAP_TYPE) == MAP_PRIVATE) return FIL_MAPPING_FILE;
    if (fil_sandbox_allows(FIL_CALLS_OF_MAPPED_FILES) == 0) return likely_kind(access);
    const int kept = errno;
    const bool in_memory = is_in_memory(file);
    errno = kept;
    return in_memory ? FIL_MAPPING_SHARED : FIL_MAPPING_FILE;
}

}  // namespace fil::preload
