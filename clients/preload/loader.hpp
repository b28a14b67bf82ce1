#pragma once
// Objects that arrive by dlopen, which may bring an interpreter, and objects that go by dlclose.

namespace fil::preload {

// At an uncommon event: if this thread has called dlopen since the last time, looks whether a
// CPython came. Never inside dlopen's own work, where new objects are mapped but not yet usable.
void notice_new_objects();

}  // namespace fil::preload
