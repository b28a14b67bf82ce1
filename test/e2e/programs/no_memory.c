/* Preloaded into fil-profile: NO_MEMORY=N fails its N-th request for memory; with NO_MEMORY_FOR=M,
 * M of them from there on. Its own children count on from there; what it starts is let alone. The
 * file NO_MEMORY_FILE comes to be when that process itself has come so far. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

static long asked, first = -1, how_many = 1;
static pid_t itself;
static char file[4096];

__attribute__((constructor)) static void begin(void) {
    const char* n = getenv("NO_MEMORY");
    const char* m = getenv("NO_MEMORY_FOR");
    const char* where = getenv("NO_MEMORY_FILE");
    if (!n) return;
    if (m) how_many = atol(m);
    if (where) strncpy(file, where, sizeof file - 1);
    itself = getpid();
    unsetenv("LD_PRELOAD");
    unsetenv("NO_MEMORY");
    unsetenv("NO_MEMORY_FOR");
    unsetenv("NO_MEMORY_FILE");
    asked = 0;
    first = atol(n);
}

static int fails(void) {
    if (first < 0) return 0;
    const long number = ++asked;
    if (number < first || number >= first + how_many) return 0;
    if (number == first && getpid() == itself) close(creat(file, 0600));
    errno = ENOMEM;
    return 1;
}

void* malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
    return fails() ? NULL : __libc_realloc(old, size);
}
void* memalign(size_t to, size_t size) {
    return fails() ? NULL : __libc_memalign(to, size);
}
void* aligned_alloc(size_t to, size_t size) {
    return memalign(to, size);
}
int posix_memalign(void** made, size_t to, size_t size) {
    void* block = memalign(to, size);
    if (!block) return ENOMEM;
    *made = block;
    return 0;
}
