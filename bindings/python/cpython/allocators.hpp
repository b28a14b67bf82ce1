#pragma once
// CPython's own allocators, counted object by object.
//
// pymalloc stays in charge: the MEM and OBJ domains are wrapped, so the program keeps its memory
// layout and its speed. Who counts what:
//
//     1 to 512 bytes      the wrapper: pymalloc's small blocks
//     0, above 512        malloc's hook: pymalloc passes these on
//     arenas              nobody: their blocks are counted one by one
//     Python's data stack the mmap hook, like any mapping
//
// Where something else stands below the wrapper (debug hooks, PYTHONMALLOC=..._debug) a small
// request may become a larger one that reaches malloc: then the wrapper keeps the hooks quiet
// meanwhile. Where the domains are malloc itself (PYTHONMALLOC=malloc) there is nothing to wrap.
#include "runtime.hpp"

namespace fil::python {

// Once, before the others.
void prepare_allocators(const python_symbols& symbols);

// Puts the wrappers in place unless they are there already, perhaps under another layer. Call at
// the start, and while the interpreter initialises: that may set its allocators anew (PYTHONMALLOC,
// -X dev, a second Py_Initialize). Calls nothing that allocates. One thread at a time.
void install_allocators(const python_runtime& runtime);

// Takes them away again, except from below another layer. With the interpreter lock held.
void remove_allocators(const python_runtime& runtime);

// Whether this thread is inside a small request of an interpreter whose frames are read through its
// public API, which allocates: not now.
bool inside_small_request();

// Whether tracemalloc is on. It holds a lock of its own while it allocates, and what the public API
// frees would wait for it: stacks cannot be read that way then. With the interpreter lock held.
bool is_traced(const python_symbols& symbols);

// From now on small requests are noted for inside_small_request(). Before install_allocators().
void note_small_requests();

}  // namespace fil::python
