/* A reservation is no memory, until a part of it is made writable; and it is given back by making
 * it inaccessible again. expect peak 16 MiB */
#include "victim.h"

int main(void) {
    char* pages =
        mmap(NULL, 80 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(pages != MAP_FAILED);
    CHECK(mprotect(pages, 8 * MIB, PROT_READ | PROT_WRITE) == 0);
    CHECK(mprotect(pages, 8 * MIB, PROT_READ) == 0);
    CHECK(mprotect(pages + 40 * MIB, 8 * MIB, PROT_READ | PROT_WRITE) == 0);
    CHECK(mprotect(pages, 8 * MIB, PROT_NONE) == 0);
    CHECK(mprotect(pages + 60 * MIB, 8 * MIB, PROT_READ | PROT_WRITE) == 0);
    munmap(pages, 80 * MIB);
    puts("reserved");
}
