/* Survivors: of each size most blocks are freed again, but one in sixteen stays and keeps its
 * neighbourhood. Who joins free neighbours finds room for the next size in there; who gives each
 * size pages of its own does not. */
#include <stdlib.h>
#include <string.h>

int main(void) {
    enum { sizes = 5, bytes = 24 << 20, each = 16 };
    static void* all[bytes / 48];
    for (int k = 0; k < sizes; k++) {
        size_t size = (size_t)48 << k, count = bytes / size;
        for (size_t i = 0; i < count; i++) memset(all[i] = malloc(size), 1, size);
        for (size_t i = 0; i < count; i++)
            if (i % each != 0) free(all[i]);
    }
}
