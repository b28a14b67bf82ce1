/* Aligned blocks come by many names. An alignment of 3 is refused as the C library refuses it.
 * expect peak 30 MiB */
#include <malloc.h>

#include "victim.h"

int main(void) {
    void* block = NULL;
    CHECK(posix_memalign(&block, 3, 100) == EINVAL && block == NULL);
    CHECK(posix_memalign(&block, 4096, 5 * MIB) == 0);
    void* blocks[] = {block,           memalign(64, 5 * MIB), aligned_alloc(64, 5 * MIB),
                      valloc(5 * MIB), pvalloc(5 * MIB),      reallocarray(NULL, 5, MIB)};
    for (int i = 0; i < 6; ++i) CHECK(blocks[i] != NULL);
    for (int i = 0; i < 6; ++i) free(blocks[i]);
    puts("aligned");
}
