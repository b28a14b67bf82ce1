/* A program with a malloc of its own, which everybody in the process uses, us excepted. */
#include "victim.h"

static char memory[64 << 20] __attribute__((aligned(64)));
static size_t used;
static size_t calls;

void* malloc(size_t bytes) {
    ++calls;
    size_t at = __atomic_fetch_add(&used, ((bytes + 15) & ~(size_t)15) + 16, __ATOMIC_RELAXED);
    if (at + bytes + 16 > sizeof memory) return NULL;
    *(size_t*)(memory + at) = bytes;
    return memory + at + 16;
}
void free(void* block) {
    if (block != NULL && ((char*)block < memory || (char*)block >= memory + sizeof memory)) abort();
}
void* calloc(size_t count, size_t bytes) {
    return malloc(count * bytes);
}
void* realloc(void* block, size_t bytes) {
    void* fresh = malloc(bytes);
    if (block == NULL || fresh == NULL) return fresh;
    size_t old = ((size_t*)block)[-2];
    return memcpy(fresh, block, old < bytes ? old : bytes);
}

static void* thread(void* unused) {
    free(strdup("a thread's"));
    return unused;
}

int main(void) {
    pthread_t id;
    CHECK(pthread_create(&id, NULL, thread, NULL) == 0);
    pthread_join(id, NULL);
    free(reallocarray(block_of(100), 10, 20)); /* the C library's, on top of ours */
    free(strdup("text"));
    CHECK(calls >= 4);
    puts("own");
}
