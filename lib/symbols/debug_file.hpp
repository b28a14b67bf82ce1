#pragma once
// Where the debug information of an ELF file is, if it is in a file of its own: by its build id
// below /usr/lib/debug, by its debug link beside it.
//
// A file is believed to be the right one by its build id; where one of the two has none, by the
// checksum that the link tells. Looks on a network (debug_server.hpp) only where that is asked for,
// whatever DEBUGINFOD_URLS says.
// Cold code; one thread at a time; throws std::bad_alloc only.

#include <elfutils/libdwfl.h>

#include <string>

namespace fil {

// Hexadecimal; "" if it has none.
std::string build_id_of(Dwfl_Module* module);

// What a module's userdata leads to.
struct debug_file_search {
    bool asks_servers = false;
    std::string unfit;  // what the debug link leads to, where that is of another build
};

// As libdwfl asks: a descriptor, and its name in `found`; or -1.
int find_debug_file(Dwfl_Module* module, void** data, const char* name, Dwarf_Addr base,
                    const char* file, const char* link, GElf_Word checksum, char** found);

}  // namespace fil
