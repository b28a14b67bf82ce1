#pragma once
// Allocators inside the program and its libraries: found when an object has been loaded, and
// listened to where they tell of their blocks (jemalloc_hooks.hpp). What was found stands in the
// recording's facts: "blocks seen" and "blocks unseen", each "object: allocator version".
//
// An object is looked at once, and only its symbols where it maps memory by itself. Cold.

namespace fil::preload {

// The process has a recorder, which may be idle as yet.
void want_allocators();

// Objects that any thread loaded since the last time. May call their allocators, and may wait until
// another thread's dlopen has ended: for the program's start and the hooks of dlopen and dlsym. As
// good as free where none came.
void notice_allocators();

// After dlclose: others may be loaded where these were.
void forget_unloaded_allocators();

}  // namespace fil::preload
