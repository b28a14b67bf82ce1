/* A library that calls itself a jemalloc, of a version that nobody knows. It is compiled with WAY,
 * what it does otherwise than others: it refuses hooks, lies about sizes, numbers its functions as
 * later versions do, or hides mallocx. What it hands out is mapped, one block a mapping. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { refuses = 1, lies, is_later, hides_mallocx };

struct listener {
    void (*came)(void* self, int how, void* block, uintptr_t raw, uintptr_t* arguments);
    void (*goes)(void* self, int how, void* block, uintptr_t* arguments);
    void (*changed)(void* self, int how, void* block, size_t old, size_t bytes, uintptr_t raw,
                    uintptr_t* arguments);
    void* self;
};
static struct listener listeners[4];
static size_t sizes[4096];
static void* blocks[4096];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void* take(size_t bytes, int way) {
    while (pthread_mutex_trylock(&lock) != 0) fprintf(stderr, "<jemalloc>: waits\n");
    int i = 0;
    while (blocks[i] != NULL) ++i;
    blocks[i] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sizes[i] = bytes;
    pthread_mutex_unlock(&lock);
    uintptr_t arguments[3] = {WAY == lies ? bytes + 1 : bytes};
    for (struct listener* one = listeners; one < listeners + 4; ++one)
        if (one->came != NULL)
            one->came(one->self, way, blocks[i], (uintptr_t)blocks[i], arguments);
    return blocks[i];
}

void fake_dallocx(void* block, int flags) {
    uintptr_t arguments[3] = {(uintptr_t)block, (uintptr_t)flags};
    for (struct listener* one = listeners; one < listeners + 4; ++one)
        if (one->goes != NULL) one->goes(one->self, 3, block, arguments);
    for (int i = 0; i < 4096; ++i)
        if (blocks[i] == block) munmap(block, sizes[i]), blocks[i] = NULL;
    madvise(NULL, 0, MADV_DONTNEED);
}

#define MALLOCX (WAY == is_later ? 7 : 6)
#if WAY == 4
#define fake_mallocx hidden
#endif
void* fake_mallocx(size_t bytes, int flags) {
    return take(bytes, flags == 1 << 30 ? 0 : MALLOCX);
}

int fake_mallctl(const char* name, void* old, size_t* old_bytes, void* new, size_t bytes) {
    if (strcmp(name, "version") == 0) return *(const char**)old = "9.8.7-fake", 0;
    if (WAY == refuses) return ENOENT;
    int i = 0;
    if (strcmp(name, "experimental.hooks.install") == 0) {
        while (listeners[i].came != NULL) ++i;
        memcpy(&listeners[i], new, bytes);
        void* handle = &listeners[i];
        memcpy(old, &handle, *old_bytes);
        return 0;
    }
    if (strcmp(name, "experimental.hooks.remove") == 0)
        return memset(*(void**)new, 0, sizeof listeners[0]), 0;
    return ENOENT;
}
int fake_mallctlnametomib(const char* name, size_t* mib, size_t* length) {
    return name == NULL || mib == NULL || length == NULL ? EINVAL : ENOENT;
}

/* Touched, so that it is resident. */
void* hold(size_t bytes) {
    return memset(take(bytes, 0), 1, bytes);
}
int listeners_now(void) {
    int count = 0;
    for (int i = 0; i < 4; ++i) count += listeners[i].came != NULL;
    return count;
}
