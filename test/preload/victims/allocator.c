/* An allocator that is preloaded after us: it gets every call, and its free
 * accepts no block but its own. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static char memory[256 << 20] __attribute__((aligned(64)));
static size_t used;

void* malloc(size_t bytes) {
    size_t at = __atomic_fetch_add(&used, ((bytes + 15) & ~(size_t)15) + 16, __ATOMIC_RELAXED);
    if (bytes > sizeof memory || at + bytes + 16 > sizeof memory) return NULL;
    *(size_t*)(memory + at) = bytes;
    return memory + at + 16;
}
void free(void* block) {
    if (block != NULL && ((char*)block < memory || (char*)block >= memory + sizeof memory)) {
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
