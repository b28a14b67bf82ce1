#pragma once
// What fil-profile would have set in the environment, where nobody set it: for this process and all
// that it starts (docs/guide/without-fil-profile.md). The program's own values stay.
//
// At the start, before the program's first line; takes no memory with malloc.

namespace fil::preload {

// FIL_SESSION, and the variables by which libraries let their allocators be seen.
void begin_environment(const char* session);

// "NAME=" from now on.
void empty_variable(const char* name);

}  // namespace fil::preload
