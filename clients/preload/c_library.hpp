#pragma once
// Functions of the C library that somebody asked for by its handle: dlsym(handle, "malloc"), as
// ctypes does, or LuaJIT. Any thread; no lock.

namespace fil::preload {

// Our hook, if it stands before this very function; else `function` itself. So where another
// allocator stands between us and the C library, its way to the C library's stays its own.
void* hook_before(void* function);

}  // namespace fil::preload
