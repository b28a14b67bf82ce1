#include <stdlib.h>

static char* made_by_constructor;
__attribute__((constructor)) static void at_start(void) {
    made_by_constructor = malloc(1000);
}
__attribute__((destructor)) static void at_end(void) {
    free(made_by_constructor);
}

__attribute__((visibility("default"))) char* make(size_t bytes) {
    return malloc(bytes);
}
