/* A library with a jemalloc of its own, which nobody outside sees: own_malloc and its relatives are
 * its malloc, with a prefix (test_private_allocators.py makes it so). */
#include <stddef.h>
#include <string.h>

void* own_malloc(size_t bytes);
void* own_calloc(size_t count, size_t bytes);
void* own_realloc(void* block, size_t bytes);
void own_free(void* block);
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
