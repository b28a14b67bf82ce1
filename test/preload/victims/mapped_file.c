/* Files and shared memory with a name are no heap; memory without one, to share with children, is.
 * expect peak 70 MiB */
#include "victim.h"

int main(void) {
    int file = memfd_create("victim", 0);
    CHECK(file >= 0 && ftruncate(file, (off_t)(70 * MIB)) == 0);
    char* shared = mmap(NULL, 70 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char* copy = mmap(NULL, 70 * MIB, PROT_READ, MAP_PRIVATE, file, 0);
    char* family = mmap(NULL, 70 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED && copy != MAP_FAILED && family != MAP_FAILED);
    munmap(shared, 70 * MIB), munmap(copy, 70 * MIB), munmap(family, 70 * MIB);
    puts("mapped");
}
