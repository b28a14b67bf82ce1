/* Growth by mremap, in place or to another place, and shrinking.
 * expect peak 50 MiB */
#include "victim.h"

int main(void) {
    char* pages = pages_of(MIB, PROT_READ | PROT_WRITE);
    pages = mremap(pages, MIB, 50 * MIB, MREMAP_MAYMOVE);
    CHECK(pages != MAP_FAILED);
    CHECK(mremap(pages, 50 * MIB, 10 * MIB, 0) == pages);
    char* elsewhere = mmap(NULL, 40 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char* moved = mremap(pages, 10 * MIB, 40 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
    CHECK(moved == elsewhere);
    char* rest = pages_of(10 * MIB, PROT_READ | PROT_WRITE); /* 50 again, and no more */
    munmap(moved, 40 * MIB);
    munmap(rest, 10 * MIB);
    munmap(pages_of(45 * MIB, PROT_READ | PROT_WRITE), 45 * MIB);
    puts("moved");
}
