/* fil_announce.h - a program with an allocator of its own tells who asked for which block.
 *
 * Nothing is linked for this: no library, no file but this one (C99 or C++; GCC or Clang, on
 * Linux). Under fil-profile the blocks appear in its report, at the lines that asked for them.
 * Without it nobody listens, and each call costs a load and a comparison.
 *
 *     void *chunk_new(size_t bytes) {
 *         fil_announce_pool_begin();
 *         void *chunk = mmap(NULL, bytes, ...);
 *         fil_announce_pool_end();
 *         return chunk;
 *     }
 *     void *pool_take(size_t bytes) {
 *         void *block = ...;
 *         fil_announce_alloc(block, bytes);      when it is taken
 *         return block;
 *     }
 *     void pool_give_back(void *block) {
 *         fil_announce_free(block);              before it can be taken again
 *         ...
 *     }
 *
 * The rule that counts each byte once: memory in which blocks are announced is not counted itself,
 * its blocks are. What the thread takes from malloc, new or mmap between begin and end is such
 * memory from its first moment on. A mapping that was taken otherwise is, from the first block on
 * that is announced in it; a block of malloc is not, and would be counted beside its blocks. Memory
 * goes as any other does, by free or munmap; blocks that are still in it are announced as gone
 * first, one by one or all together (fil_announce_free_range).
 *
 * All functions: any thread, signal handlers, before main, in a forked child; no allocation, no
 * exception, errno is kept. In plugins (dlopen) and static programs, too; in the latter nobody
 * listens.
 */

/* Laid out by hand, as C programs have it: */
/* clang-format off */
#ifndef FIL_ANNOUNCE_H
#define FIL_ANNOUNCE_H

#include <stddef.h>
#include <stdint.h>

/* The listener's function of that name (fil.h), or NULL. Asked of the loader's table by name, where
 * the compiler can be told to: for a program at a fixed place (-no-pie) it would have the linker
 * decide, which knows of no listener. */
#if defined(__x86_64__) && defined(__LP64__)
#define FIL_ANNOUNCE_FIND_(name, found) \
    __asm__(".weak " #name "\n\tmovq " #name "@GOTPCREL(%%rip), %0" : "=r"(found))
#else
#define FIL_ANNOUNCE_FIND_(name, found) (found = name)
#ifdef __cplusplus
extern "C" {
#endif
__attribute__((weak)) void fil_pool_alloc(const void *address, size_t bytes);
__attribute__((weak)) void fil_record_free(const void *address);
__attribute__((weak)) void fil_record_free_range(const void *address, size_t bytes);
__attribute__((weak)) void fil_record_moved(const void *from, const void *to);
__attribute__((weak)) void fil_pool_begin(void);
__attribute__((weak)) void fil_pool_end(void);
#ifdef __cplusplus
}
#endif
#endif

/* A block of so many bytes came. It is charged to the line that called the function in which this
 * stands, an allocator's. One over an older one replaces it. NULL is ignored. Since 0.1. */
static inline void fil_announce_alloc(const void *block, size_t bytes) {
    void (*listener)(const void *, size_t);
    FIL_ANNOUNCE_FIND_(fil_pool_alloc, listener);
    if (listener) listener(block, bytes);
}

/* It goes: to be called before somebody else can be given it. NULL, and what was not announced, is
 * ignored. A block that changes its size goes and comes. Since 0.1. */
static inline void fil_announce_free(const void *block) {
    void (*listener)(const void *);
    FIL_ANNOUNCE_FIND_(fil_record_free, listener);
    if (listener) listener(block);
}

/* All blocks that start in these bytes go: a bump arena is reset, a slab or a region given back.
 * Takes some 0.1 ms for each MiB in which blocks have been. Since 0.1. */
static inline void fil_announce_free_range(const void *address, size_t bytes) {
    void (*listener)(const void *, size_t);
    FIL_ANNOUNCE_FIND_(fil_record_free_range, listener);
    if (listener) listener(address, bytes);
}

/* The block at `from` is at `to` now: a collector has moved it. It stays charged to the line that
 * asked for it. What stood at `to` goes. Since 0.1. */
static inline void fil_announce_moved(const void *from, const void *to) {
    void (*listener)(const void *, const void *);
    FIL_ANNOUNCE_FIND_(fil_record_moved, listener);
    if (listener) listener(from, to);
}

/* For blocks that have no address here (buffers of a device, rows by their number): what stands for
 * the block `id` among those of `kind`, 0 to 63, in the functions above. Nothing is at this address.
 * Blocks of ids that follow each other go all together by fil_announce_free_range() of the first,
 * with 64 bytes for each. Since 0.1. */
static inline const void *fil_announce_id(unsigned kind, uint32_t id) {
    return (const void *)(((uintptr_t)1 << 44) + ((uintptr_t)(kind & 63) << 38) + ((uintptr_t)id << 6));
}

/* Between the two, this thread takes memory for a pool: it is not counted, blocks announced in it
 * are. Both in the same function. Nests. Since 0.1. */
static inline void fil_announce_pool_begin(void) {
    void (*listener)(void);
    FIL_ANNOUNCE_FIND_(fil_pool_begin, listener);
    if (listener) listener();
}
static inline void fil_announce_pool_end(void) {
    void (*listener)(void);
    FIL_ANNOUNCE_FIND_(fil_pool_end, listener);
    if (listener) listener();
}

#endif
