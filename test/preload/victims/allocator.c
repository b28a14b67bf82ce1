/* An allocator that is preloaded after us: it gets every call, and its free accepts no block but
 * its own. What it maps must not be counted beside the blocks it cuts from that. */
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const size_t capacity = 256 << 20;
static char* memory;
static size_t used;

static void map_memory(void) {
    memory = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(8);
}

void* malloc(size_t bytes) {
    if (memory == NULL) map_memory();
    size_t at = __atomic_fetch_add(&used, ((bytes + 15) & ~(size_t)15) + 16, __ATOMIC_RELAXED);
    if (bytes > capacity || at + bytes + 16 > capacity) return NULL;
    *(size_t*)(memory + at) = bytes;
    return memory + at + 16;
}
void free(void* block) {
    if (block != NULL && ((char*)block < memory || (char*)block >= memory + capacity)) {
        static const char text[] = "a block of somebody else\n";
        (void)!write(2, text, sizeof text - 1);
        _exit(9);
    }
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
