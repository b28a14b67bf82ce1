#pragma once
// What is kept of a process that has ended: who held how much at the session's peak.
//
// It is a recording again, so whoever reads recordings reads it: only smaller, by all callstacks,
// functions, texts and counters that no byte of the peak needs; and closed, so that it counts for
// nothing once the peak is a higher one. In private memory: the program's own (2 MB after
// `import numpy`) goes back to the system.
//
// Called by the session, for recordings whose process has ended, and for a look at those that run.
// Cold; throws std::bad_alloc only.

#include "fil/recording/view.hpp"
#include "os/file_descriptor.hpp"

namespace fil {

struct compact_memory {
    void* address = nullptr;
    std::uint64_t bytes = 0;
};

enum class compacting { done, held_nothing, damaged };

// On `done`, `made` is the caller's to unmap.
compacting compact_recording(const recording_view& recording, std::int64_t peak,
                             compact_memory& made);
// In memory that can be shared, by `file`, if the system grants such; else the same.
compacting compact_recording(const recording_view& recording, std::int64_t peak,
                             compact_memory& made, file_descriptor& file);

// The same of what a process holds now, which may run on.
compacting compact_recording_of_now(const recording_view& recording, compact_memory& made);

}  // namespace fil
