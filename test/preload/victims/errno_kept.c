/* errno is the program's: a call that works leaves it, one that fails says why.
 * expect peak 16 MiB */
#include "victim.h"

int main(void) {
    errno = 77;
    for (int i = 0; i < 100; ++i) {
        char* block = block_of(16 * MIB / 100);
        CHECK(errno == 77);
        block = realloc(block, 10 + i);
        CHECK(errno == 77);
        free(block);
        CHECK(errno == 77);
        char* pages = pages_of(MIB, PROT_NONE);
        CHECK(mprotect(pages, MIB, PROT_READ | PROT_WRITE) == 0);
        CHECK(munmap(pages, MIB) == 0);
        CHECK(errno == 77);
    }
    free(block_of(16 * MIB));
    CHECK(errno == 77);
    volatile size_t too_much = ~(size_t)0 / 4;
    CHECK(malloc(too_much) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(calloc(too_much, 16) == NULL && errno == ENOMEM);
    errno = 0;
    char* kept = block_of(10);
    CHECK(realloc(kept, too_much) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(munmap((void*)1, 1) == -1 && errno == EINVAL);
    free(kept);
    puts("kept");
}
