/* A mapping laid over another one is there once.
 * expect peak 35 MiB */
#include "victim.h"

int main(void) {
    char* pages = pages_of(35 * MIB, PROT_READ | PROT_WRITE);
    char* again = mmap(pages, 35 * MIB, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(again == pages);
    CHECK(mmap(pages, MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
          MAP_FAILED);
    munmap(pages, 35 * MIB);
    puts("laid");
}
