/* A program with a malloc of its own, which everybody in the process uses, us excepted; also the
 * loader, while we look up functions. It maps memory at its first call, whenever that is. */
#include "victim.h"

static const size_t capacity = 64 << 20;
static char* memory;
static size_t used;
static size_t calls;

static void map_memory(void) {
    const int private = MAP_PRIVATE | MAP_ANONYMOUS, writable = PROT_READ | PROT_WRITE;
    char* small = mmap(NULL, 4096, PROT_NONE, private, -1, 0);
    small = mremap(small, 4096, 8192, MREMAP_MAYMOVE);
    if (mprotect(small, 8192, writable) != 0) abort();
    small[8191] = 1;
    if (munmap(small, 8192) != 0) abort();
    memory = mmap(NULL, capacity, writable, private, -1, 0);
    if (memory == MAP_FAILED) abort();
}

void* malloc(size_t bytes) {
    if (calls++ == 0) map_memory();
    size_t at = __atomic_fetch_add(&used, ((bytes + 15) & ~(size_t)15) + 16, __ATOMIC_RELAXED);
    if (at + bytes + 16 > capacity) return NULL;
    *(size_t*)(memory + at) = bytes;
    return memory + at + 16;
}
void free(void* block) {
    if (block != NULL && ((char*)block < memory || (char*)block >= memory + capacity)) abort();
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
