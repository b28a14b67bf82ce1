/* A library finds its plugins by its own $ORIGIN: the loader must see who calls dlopen. And what it
 * allocated in its constructor, before ours ran, is there.
 * expect peak 14 MiB */
#include "victim.h"

char* make_by_plugin(size_t bytes);

int main(void) {
    free(make_by_plugin(8 * MIB));
    puts("found");
}
