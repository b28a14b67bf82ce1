/* A library finds its plugins by its own $ORIGIN: the loader must see who calls dlopen.
 * expect peak 8 MiB */
#include "victim.h"

char* make_by_plugin(size_t bytes);

int main(void) {
    free(make_by_plugin(8 * MIB));
    puts("found");
}
