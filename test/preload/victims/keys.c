/* A library that is ready before ours: it takes the keys that the C library keeps without asking
 * malloc, then allocates. */
#include <pthread.h>
#include <stdlib.h>

__attribute__((constructor)) static void take_keys(void) {
    pthread_key_t key;
    for (int i = 0; i < 40; ++i) pthread_key_create(&key, NULL);
    free(malloc(16));
}

void victim_keys(void) {}
