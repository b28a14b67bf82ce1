#pragma once
// Allocators inside the program and its libraries: found when an object has been loaded, and
// listened to where they tell of their blocks (jemalloc_hooks.hpp). What was found stands in the
// recording's facts: "blocks seen" and "blocks unseen", each "object: allocator version".
//
// An object is looked at once, and only its symbols where it maps memory by itself. Cold.

namespace fil::preload {

// The process has a recorder, which may be idle as yet.
void want_allocators();

// Objects that any thread loaded since the last time. Takes the loader's locks, may call allocators
// of what came, and may wait until another thread's dlopen has ended: for the program's start and
// the hook of dlopen.
void notice_allocators();

// This thread is about to open an object, which stands there when it, or another, asks for a symbol
// next: for the hooks of dlopen and dlsym. As good as free where nothing was opened.
void notice_allocators_soon();
void notice_opened_allocators();

// After dlclose: others may be loaded where these were.
void forget_unloaded_allocators();

}  // namespace fil::preload
