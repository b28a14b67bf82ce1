/* In the place of libdebuginfod: has a file for build ids that begin with 0xaa, and counts clients.
 */

#include <fcntl.h>
#include <string.h>

#pragma GCC visibility push(default)

int debuginfod_clients, debuginfod_refuses;

void* debuginfod_begin(void) {
    if (debuginfod_refuses) return NULL;
    ++debuginfod_clients;
    return &debuginfod_clients;
}

int debuginfod_find_debuginfo(void* client, const unsigned char* build_id, int length,
                              char** found) {
    /* (Without a length it is a text, as the library has it.) */
    if (client != &debuginfod_clients || (length > 0 && build_id[0] != 0xaa)) return -38;
    *found = strdup("/dev/null");
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void debuginfod_end(void* client) {
    if (client == &debuginfod_clients) --debuginfod_clients;
}
