/* Memory by moving the end of the program's data, as an allocator takes it that expects each piece
 * behind the last. A failure leaves everything as it was.
 * expect peak 32 MiB */
#include "victim.h"

void* __sbrk(intptr_t increment);

static void* thread(void* unused) {
    return unused;
}

int main(void) {
    free(block_of(1)); /* the C library's malloc has moved it */
    char* first = sbrk(0);
    CHECK(sbrk(12 * MIB) == first);
    pthread_t id;
    CHECK(pthread_create(&id, NULL, thread, NULL) == 0); /* whose start is not to be in the way */
    CHECK(pthread_join(id, NULL) == 0);
    CHECK(sbrk(4 * MIB) == first + 12 * MIB);
    CHECK(sbrk(-8 * (intptr_t)MIB) == first + 16 * MIB);
    CHECK(__sbrk(12 * MIB) == first + 8 * MIB);
    CHECK(brk(first + 32 * MIB) == 0);
    memset(first, 1, 32 * MIB);
    errno = 0;
    CHECK(sbrk((intptr_t)1 << 50) == (void*)-1 && errno == ENOMEM);
    CHECK(brk(first + ((size_t)1 << 50)) == -1 && errno == ENOMEM);
    CHECK(sbrk(0) == first + 32 * MIB);
    CHECK(brk(first) == 0);
    CHECK(sbrk(16 * MIB) == first);
    (void)!write(1, "moved\n", 6);
}
