/* A C program, which has no operators, opens a plugin for itself: the plugin finds its own, and
 * those of the C++ library that came with it. expect peak 8 MiB */
#include <dlfcn.h>

#include "victim.h"

int main(void) {
    void* plugin = dlopen(VICTIM_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    CHECK(plugin != NULL);
    void (*run)(void) = (void (*)(void))dlsym(plugin, "run");
    run();
    return dlclose(plugin);
}
