#pragma once
// ELF files with sections that are compressed by zstd, which libdw reads from 0.189 on: we unpack
// them before, into a copy in memory.
//
// Cold code; any thread, no state; throws std::bad_alloc only.

#include "os/file_descriptor.hpp"

namespace fil {

// The file itself, or its copy; itself, too, where it is damaged or cannot be copied.
file_descriptor unpacked_file(file_descriptor file);

}  // namespace fil
