#pragma once
// Objects that arrive by dlopen, which may bring an interpreter, and objects that go by dlclose.

namespace fil::preload {

// At an uncommon event: if this thread has called dlopen since the last time, looks whether a
// CPython came. Never inside dlopen's own work, where new objects are mapped but not yet usable;
// nor for a `caller` in an allocator that may hold its lock, since looking takes the loader's.
void notice_new_objects(const void* caller);

}  // namespace fil::preload
