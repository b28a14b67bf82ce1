/* A hole in a mapping, and something else in the hole.
 * expect peak 50 MiB */
#include "victim.h"

int main(void) {
    char* pages = pages_of(40 * MIB, PROT_READ | PROT_WRITE);
    CHECK(munmap(pages + 10 * MIB, 20 * MIB) == 0);
    CHECK(munmap(pages + 10 * MIB, 20 * MIB) == 0); /* nothing there any more */
    char* hole = mmap(pages + 10 * MIB, 20 * MIB, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(hole == pages + 10 * MIB);
    char* more = pages_of(10 * MIB, PROT_READ | PROT_WRITE);
    CHECK(munmap(pages, 40 * MIB) == 0);
    CHECK(munmap(more, 10 * MIB) == 0);
    puts("holed");
}
