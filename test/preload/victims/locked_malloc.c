/* A malloc of the program's own behind a lock that does not nest, as where jemalloc or
 * PartitionAlloc is linked in: it asks the system for memory while it holds the lock, first before
 * our library's constructor, then in each new thread and in each child. Nothing that happens in our
 * hooks may call it: it says so and ends.
 * expect processes 4 */
#include "victim.h"

void victim_keys(void);

static const size_t chunk_bytes = 256 << 10;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int inside;
static char *chunk, *chunk_end;

static void die(const char* why) {
    (void)!write(2, why, strlen(why));
    _exit(9);
}

/* Every event that a malloc may cause. */
static void more_memory(size_t bytes) {
    const int private = MAP_PRIVATE | MAP_ANONYMOUS, writable = PROT_READ | PROT_WRITE;
    stack_t stack;
    size_t needed = bytes > chunk_bytes ? bytes : chunk_bytes;
    char* reserved = mmap(NULL, 2 * needed, PROT_NONE, private, -1, 0);
    mprotect(reserved, needed, writable);
    munmap(reserved + needed, needed);
    chunk = mremap(reserved, needed, 2 * needed, MREMAP_MAYMOVE);
    if (chunk == MAP_FAILED) die("no memory\n");
    chunk_end = chunk + 2 * needed;
    sigaltstack(NULL, &stack);
}

/* Blocks with their size before them. */
void* malloc(size_t bytes) {
    if (inside) die("malloc inside malloc\n");
    pthread_mutex_lock(&lock);
    inside = 1;
    size_t whole = (bytes + 31) & ~(size_t)15;
    if ((size_t)(chunk_end - chunk) < whole) more_memory(whole);
    char* block = chunk;
    chunk += whole;
    inside = 0;
    pthread_mutex_unlock(&lock);
    *(size_t*)block = bytes;
    return block + 16;
}
void free(void* block) {
    if (block != NULL && inside) die("free inside malloc\n");
}
void* calloc(size_t count, size_t bytes) {
    return memset(malloc(count * bytes), 0, count * bytes);
}
void* realloc(void* block, size_t bytes) {
    void* fresh = malloc(bytes);
    if (block == NULL) return fresh;
    size_t old = ((size_t*)block)[-2];
    return memcpy(fresh, block, old < bytes ? old : bytes);
}

static void* allocate(void* unused) {
    for (int i = 0; i < 40; ++i) memset(malloc(chunk_bytes / 3), 1, 100);
    return unused;
}

int main(void) {
    victim_keys();
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) CHECK(pthread_create(&threads[i], NULL, allocate, NULL) == 0);
    for (int i = 0; i < 4; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < 3; ++i) {
        pid_t child = fork();
        if (child == 0) {
            allocate(NULL);
            _exit(0);
        }
        expect_success_of(child);
    }
    puts("locked");
}
