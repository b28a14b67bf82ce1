/* realloc(p, 0) frees, and returns null: not a failure, and no leak.
 * expect peak 1 MiB */
#include "victim.h"

int main(void) {
    void* (*volatile call)(void*, size_t) = realloc;
    for (int i = 0; i < 15; ++i) CHECK(call(block_of(MIB), 0) == NULL);
    CHECK(reallocarray(block_of(MIB), 0, 16) == NULL);
    puts("gone");
}
