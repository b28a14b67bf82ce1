#pragma once
// Debug information from a server, by build id: libdebuginfod, loaded where it is there. It asks
// the servers that DEBUGINFOD_URLS names, and keeps what it got in a cache of its own.
//
// Only for who was told to: a report must not depend on a network, nor tell one what is being
// profiled. Cold code; one thread at a time.

#include <string>

namespace fil {

// A descriptor, and the file's name in `found`, by malloc; or -1. Takes as long as the servers do.
int ask_debug_servers(const unsigned char* build_id, int length, char** found);

// Why none can be asked; "" if one can.
std::string why_no_debug_servers();

}  // namespace fil
