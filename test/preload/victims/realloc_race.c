/* 200,000 live blocks, while two other threads let addresses come and go by realloc: whoever
 * records after the real call loses some. (Run with one arena and no cache of small blocks.) expect
 * peak 26 MiB */
#include <dlfcn.h>
#include <stdint.h>

#include "victim.h"

struct fil_block { /* of fil.h */
    uint64_t bytes;
    uint32_t callstack, flags;
};

static volatile int stop;

static void* keep_moving(void* unused) {
    char* blocks[16] = {0};
    for (unsigned i = 0; !stop; ++i) {
        blocks[i % 16] = realloc(blocks[i % 16], 100 + (i * 2654435761u) % 2000);
    }
    for (int i = 0; i < 16; ++i) free(blocks[i]);
    return unused;
}

int main(void) {
    enum { count = 200000, bytes = 136 };
    static char* blocks[count];
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i) CHECK(pthread_create(&threads[i], NULL, keep_moving, NULL) == 0);
    for (int i = 0; i < count; ++i) blocks[i] = block_of(bytes);
    stop = 1;
    for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
    struct fil_block (*forget)(const void*) =
        (struct fil_block(*)(const void*))dlsym(RTLD_DEFAULT, "fil_block_forget");
    int (*running)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "fil_recorder_running");
    int lost = 0;
    for (int i = 0; i < count; ++i) {
        if (running != NULL && running() && forget(blocks[i]).bytes != bytes) ++lost;
        free(blocks[i]);
    }
    printf("%d lost\n", lost);
}
