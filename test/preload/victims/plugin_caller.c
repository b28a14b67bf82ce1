/* Linked with a RUNPATH of $ORIGIN/plugins. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

/* Before the constructors of whatever is preloaded. */
char* kept_from_the_start;
__attribute__((constructor)) static void at_start(void) {
    kept_from_the_start = malloc((size_t)6 << 20);
}

__attribute__((visibility("default"))) char* make_by_plugin(size_t bytes) {
    void* plugin = dlopen("libvictim_origin_plugin.so", RTLD_NOW);
    if (plugin == NULL) return NULL;
    char* (*make)(size_t) = (char* (*)(size_t))dlsym(plugin, "make");
    return make(bytes);
}
