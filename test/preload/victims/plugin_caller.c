/* Linked with RUNPATH $ORIGIN/plugins. */
#include <dlfcn.h>
#include <stddef.h>

__attribute__((visibility("default"))) char* make_by_plugin(size_t bytes) {
    void* plugin = dlopen("libvictim_origin_plugin.so", RTLD_NOW);
    if (plugin == NULL) return NULL;
    char* (*make)(size_t) = (char* (*)(size_t))dlsym(plugin, "make");
    return make(bytes);
}
