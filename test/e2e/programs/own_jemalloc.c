/* A library with a jemalloc of its own, which nobody outside sees: own_malloc and its relatives are
 * its malloc, with a prefix (test_private_allocators.py makes it so). */
#include <stddef.h>
#include <string.h>

void* own_malloc(size_t bytes);
void* own_calloc(size_t count, size_t bytes);
void* own_realloc(void* block, size_t bytes);
void own_free(void* block);
void* own_memalign(size_t alignment, size_t bytes);
void* own_valloc(size_t bytes);
void* own_aligned_alloc(size_t alignment, size_t bytes);
int own_posix_memalign(void** block, size_t alignment, size_t bytes);
void* own_mallocx(size_t bytes, int flags);
void* own_rallocx(void* block, size_t bytes, int flags);
size_t own_xallocx(void* block, size_t bytes, size_t extra, int flags);
void own_dallocx(void* block, int flags);
void own_sdallocx(void* block, size_t bytes, int flags);
int own_mallctl(const char* name, void* old, size_t* old_bytes, void* new, size_t bytes);

__attribute__((visibility("default"))) void* hold(size_t bytes) {
    return memset(own_malloc(bytes), 1, bytes);
}
__attribute__((visibility("default"))) void* hold_zeroed(size_t count, size_t bytes) {
    return own_calloc(count, bytes);
}
__attribute__((visibility("default"))) void* grow(void* block, size_t bytes) {
    return own_realloc(block, bytes);
}
__attribute__((visibility("default"))) void give_back(void* block) {
    own_free(block);
}
__attribute__((visibility("default"))) size_t allocated(void) {
    size_t value = 1, bytes = sizeof value;
    own_mallctl("epoch", NULL, NULL, &value, sizeof value);
    own_mallctl("stats.allocated", &value, &bytes, NULL, 0);
    return value;
}

/* A block by the way of this number: all that jemalloc tells apart. */
__attribute__((visibility("default"))) void* take(int way, size_t bytes) {
    void* block = NULL;
    switch (way) {
        case 0:
            return own_malloc(bytes);
        case 1:
            return own_posix_memalign(&block, 1 << 16, bytes) == 0 ? block : NULL;
        case 2:
            return own_aligned_alloc(1 << 16, bytes);
        case 3:
            return own_calloc(bytes / 64, 64);
        case 4:
            return own_memalign(1 << 16, bytes);
        case 5:
            return own_valloc(bytes);
        case 6:
            return own_mallocx(bytes, 0);
        case 7:
            return own_realloc(own_malloc(bytes / 2), bytes);
        default:
            return own_rallocx(own_mallocx(bytes / 2, 0), bytes, 0);
    }
}
__attribute__((visibility("default"))) size_t shrink(void* block, size_t bytes) {
    return own_xallocx(block, bytes, 0, 0);
}
__attribute__((visibility("default"))) void give_back_by(int way, void* block, size_t bytes) {
    switch (way) {
        case 0:
            return own_free(block);
        case 1:
            return own_dallocx(block, 0);
        case 2:
            return own_sdallocx(block, bytes, 0);
        default:
            own_realloc(block, 0);
    }
}
