/* 2,000 threads, one after another: what a thread leases must come back, and a block may be freed
 * by another thread. expect peak 2 MiB */
#include "victim.h"

static void* pass_on(void* old) {
    free(old);
    free(block_of(2 * MIB));
    return block_of(2 * MIB);
}

int main(void) {
    void* block = NULL;
    for (int i = 0; i < 2000; ++i) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, pass_on, block) == 0);
        pthread_join(thread, &block);
    }
    free(block);
    puts("gone");
}
