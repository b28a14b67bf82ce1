/* A server keeps what it knows of each visitor in a memory pool of its own, and tells who took
 * which block. Nothing is linked for that: without fil-profile it runs as it would without telling.
 *
 *     cc -g announced_pool.c -o announced_pool
 *     fil-profile run ./announced_pool
 *
 * The pool maps 64 MiB at once and hands out 12 of them. Under fil-profile the report has these, at
 * the lines that took them; its foot says that 64 MiB were reserved.
 */
#define _DEFAULT_SOURCE /* for MAP_ANONYMOUS */
#include <fil_announce.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { KIB = 1024, MIB = 1024 * KIB, POOL_BYTES = 64 * MIB, VISITORS = 1024 };

/* ---- the pool: blocks of 1 KiB times a power of two, given back to a list for each size --------
 */

struct block {
    struct block* next;
};
static char *unused, *end;
static struct block* free_blocks[16];

static int size_class(size_t bytes) {
    int it = 0;
    while (((size_t)KIB << it) < bytes) ++it;
    return it;
}

static int pool_open(void) {
    fil_announce_pool_begin(); /* this mapping is not counted itself, its blocks will be */
    unused = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fil_announce_pool_end();
    end = unused + POOL_BYTES;
    return unused != MAP_FAILED;
}

static void* pool_take(size_t bytes) {
    int class = size_class(bytes);
    struct block* block = free_blocks[class];
    if (block != NULL) {
        free_blocks[class] = block->next;
    } else if (end - unused >= (KIB << class)) {
        block = (struct block*)unused;
        unused += KIB << class;
    }
    fil_announce_alloc(block, bytes); /* charged to the line that called pool_take() */
    return block;
}

static void pool_give_back(void* given, size_t bytes) {
    struct block* block = given;
    fil_announce_free(block); /* before anybody else can have it */
    block->next = free_blocks[size_class(bytes)];
    free_blocks[size_class(bytes)] = block;
}

/* ---- the program ------------------------------------------------------------------------------
 */

struct visitor {
    char *history, *scratch;
};
static struct visitor visitors[VISITORS];

static int remember(struct visitor* visitor, int number) {
    visitor->history = pool_take(8 * KIB); /* 8 MiB of them at the peak */
    visitor->scratch = pool_take(4 * KIB); /* and 4 MiB */
    if (visitor->history == NULL || visitor->scratch == NULL) return 0;
    memset(visitor->scratch, number, 4 * KIB);
    memcpy(visitor->history, visitor->scratch, 4 * KIB);
    return 1;
}

int main(void) {
    if (!pool_open()) return 1;
    unsigned checksum = 0;
    for (int i = 0; i < VISITORS; ++i)
        if (!remember(&visitors[i], i)) return 1;
    for (int i = 0; i < VISITORS; ++i) {
        checksum = checksum * 31 + (unsigned char)visitors[i].history[0];
        pool_give_back(visitors[i].scratch, 4 * KIB);
    }
    for (int i = 0; i < VISITORS; ++i) pool_give_back(visitors[i].history, 8 * KIB);
    munmap(end - POOL_BYTES, POOL_BYTES);
    printf("%d visitors, checksum %08x\n", VISITORS, checksum);
    return 0;
}
