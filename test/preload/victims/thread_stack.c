/* A stack that the program made for its thread is memory of the program; the C library's are not.
 * expect peak 12 MiB */
#include "victim.h"

static void* thread(void* argument) {
    free(block_of(4 * MIB));
    return argument;
}

int main(void) {
    pthread_t id;
    for (int i = 0; i < 4; ++i) {
        CHECK(pthread_create(&id, NULL, thread, NULL) == 0);
        pthread_join(id, NULL);
    }
    char* stack =
        mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, 8 * MIB);
    CHECK(pthread_create(&id, &attributes, thread, NULL) == 0);
    pthread_join(id, NULL);
    munmap(stack, 8 * MIB);
    puts("stacked");
}
