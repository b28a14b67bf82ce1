/* A game loads a level from a memory pool of its own, and tells libfil what it hands out.
 *
 *     own_allocator_c [DIRECTORY]         a report goes into a new folder of DIRECTORY
 *
 * To a profiler that watches malloc and mmap the pool is one block of 64 MiB. The pool knows
 * better: it reports each piece, with a callstack that the program makes of its own functions and
 * lines, and at the end the program writes the report itself. The peak is in load_level, while the
 * triangles are sorted and every texture is there.
 *
 *     cc own_allocator.c $(pkg-config --cflags --libs fil)
 *
 * Under fil-profile, which records already, it tells of its pool as well, and leaves the report to
 * it.
 */
#include <fil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIB = 1024, MIB = 1024 * KIB, POOL_BYTES = 64 * MIB, TEXTURES = 6, TEXTURE_SIDE = 1024 };

/* ---- callstacks: a function and a line, called by another callstack ---------------------------
 */

static fil_text text(const char* string) {
    fil_text it = {string, strlen(string)};
    return it;
}

static fil_callstack at(fil_callstack caller, const char* function, unsigned line) {
    fil_function it =
        fil_function_intern(FIL_FUNCTION_ANNOUNCED, text(function), text(__FILE__), 0);
    return fil_callstack_child(caller, it, line);
}

/* This line of this function. */
#define HERE(caller) at(caller, __func__, __LINE__)

/* ---- the pool: pieces are taken from the front, and given back in one go ----------------------
 */

static struct {
    char* memory;
    size_t used;
} pool;

static void* take(size_t bytes, fil_callstack who) {
    char* piece = pool.memory + pool.used;
    if (bytes > POOL_BYTES - pool.used) {
        fputs("own_allocator_c: the pool is exhausted\n", stderr);
        exit(1);
    }
    pool.used += (bytes + 15) / 16 * 16;
    fil_record_alloc_at(piece, bytes, who); /* what comes is recorded once we have it */
    return piece;
}

static void give_back_to(size_t mark) {
    fil_record_free_range(pool.memory + mark, pool.used - mark); /* what goes, before it is gone */
    pool.used = mark;
}

/* ---- the program ------------------------------------------------------------------------------
 */

static unsigned* decode(unsigned seed, fil_callstack caller) {
    unsigned* pixels = take(TEXTURE_SIDE * TEXTURE_SIDE * sizeof *pixels, HERE(caller));
    size_t mark = pool.used;
    unsigned* row = take(TEXTURE_SIDE * sizeof *row, HERE(caller));
    for (int y = 0; y < TEXTURE_SIDE; ++y) {
        for (int x = 0; x < TEXTURE_SIDE; ++x) row[x] = seed = seed * 1664525 + 1013904223;
        memcpy(pixels + y * TEXTURE_SIDE, row, TEXTURE_SIDE * sizeof *row);
    }
    give_back_to(mark);
    return pixels;
}

static int by_depth(const void* left, const void* right) {
    unsigned a = *(const unsigned*)left, b = *(const unsigned*)right;
    return (a > b) - (a < b);
}

static unsigned load_level(fil_callstack caller) {
    unsigned *textures[TEXTURES], checksum = 0;
    for (int i = 0; i < TEXTURES; ++i) textures[i] = decode(i, HERE(caller));

    size_t count = 2 * MIB, mark = pool.used;
    unsigned* triangles = take(count * sizeof *triangles, HERE(caller));
    for (size_t i = 0; i < count; ++i) triangles[i] = textures[i % TEXTURES][i / TEXTURES];
    qsort(triangles, count, sizeof *triangles, by_depth);
    for (size_t i = 0; i < count; i += KIB) checksum = checksum * 31 + triangles[i];
    give_back_to(mark);
    return checksum;
}

int main(int argc, char** argv) {
    fil_error error = FIL_ERROR_INIT;
    fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
    fil_status started = fil_recorder_start(&options, &error);
    if (started != FIL_OK && started != FIL_ERROR_WHOLE_PROGRAM) {
        fprintf(stderr, "own_allocator_c: %s\n", error.message);
        return 1;
    }
    fil_pool_begin(); /* the pool is not counted, its blocks are */
    pool.memory = malloc(POOL_BYTES);
    fil_pool_end();
    if (pool.memory == NULL) return 1;
    printf("level loaded, checksum %08x\n", load_level(HERE(FIL_CALLSTACK_UNKNOWN)));

    if (started == FIL_ERROR_WHOLE_PROGRAM) return 0;
    char path[4096], answer[4096];
    fil_report_options report = FIL_REPORT_OPTIONS_INIT;
    report.directory = text(argc > 1 ? argv[1] : "fil-result");
    report.command = text(argv[0]);
    report.ending = FIL_ENDING_EXIT;
    report.answer = answer;
    report.answer_capacity = sizeof answer;
    if (fil_recording_report(&report, path, sizeof path, &error) != FIL_OK) {
        fprintf(stderr, "own_allocator_c: %s\n", error.message);
        return 1;
    }
    printf("%s%s\n", answer, path);
    free(pool.memory);
    return 0;
}
