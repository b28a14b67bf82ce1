#pragma once
// The functions behind our hooks: the next definition of a name, in the order of the loader.
//
// As dlsym(RTLD_NEXT) has it, but nothing else happens: no lock, no allocation, no message. The
// first event may be the mmap of a malloc that the program brought along and that holds its own
// lock; dlsym takes the loader's, and formats an error for a name that is missing, by that malloc.
//
// For the start: the list of loaded objects is read as it stands, before the program can unload
// any.

struct link_map;

namespace fil::preload {

struct definition {
    void* address = nullptr;
    const link_map* object = nullptr;
};

// The library itself: what of it the loader knows.
const link_map* our_object();

definition next_definition(const char* name);

// The malloc that the program calls without us, because it stands before us; or nothing.
definition earlier_malloc();

}  // namespace fil::preload
