#pragma once
// What kind of memory a mapped descriptor gives.
//
// /dev/zero gives anonymous memory, by an older name. What lies in a memory file system and is
// mapped shared is shared memory: memfd_create, POSIX shm_open, files in /dev/shm. Everything else
// is a file. Asks the system, beside the call that maps; keeps errno.

#include "fil_hooks.h"

namespace fil::preload {

bool is_dev_zero(int file);

// `access` and `flags` as mmap has them.
fil_mapping_kind kind_of_mapped_file(int file, int access, int flags);

}  // namespace fil::preload
