/* Blocks that outlive the library that made them; its code is gone.
 * expect peak 24 MiB */
#include <dlfcn.h>

#include "victim.h"

int main(void) {
    char* blocks[3];
    for (int i = 0; i < 3; ++i) {
        void* plugin = dlopen(VICTIM_PLUGIN, RTLD_NOW | RTLD_LOCAL);
        CHECK(plugin != NULL);
        char* (*make)(size_t) = (char* (*)(size_t))dlsym(plugin, "make");
        blocks[i] = make(8 * MIB);
        dlclose(plugin);
    }
    for (int i = 0; i < 3; ++i) free(blocks[i]);
    puts("closed");
}
