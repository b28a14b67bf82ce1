/* Does with memory what its arguments say, in sizes that nobody else uses (7 more than a multiple
 * of 1,000), so that a trace of it can be compared with what it should be.
 *
 *     traced all          each function of the family, once
 *     traced threads N    N blocks go from one thread to another, which frees them
 *     traced killed N     N blocks, then SIGKILL
 *     traced fork         a block in the parent, two in the child
 *     traced many N       N blocks, each freed
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void* volatile kept;
static void* handed[64];
static volatile int made, taken;

static void* taking(void* count) {
    for (int i = 0; i < *(int*)count; ++i) {
        while (made <= i) usleep(10);
        free(handed[i % 64]);
        taken = i + 1;
    }
    return NULL;
}

int main(int argc, char** argv) {
    int count = argc > 2 ? atoi(argv[2]) : 0;
    if (strcmp(argv[1], "all") == 0) {
        void* block = malloc(1007);
        block = realloc(block, 2007);
        block = realloc(block, 40007);
        free(block);
        kept = calloc(3, 1669); /* 5007 */
        free(kept);
        if (posix_memalign(&block, 256, 6007) != 0) return 1;
        free(block);
        kept = aligned_alloc(64, 7007);
        free(kept);
        kept = memalign(4096, 8007);
        free(kept);
        kept = realloc(NULL, 9007);
        kept = realloc(kept, 0); /* frees it */
        kept = malloc(10007);
        kept = reallocarray(kept, 11, 1001 - 0); /* 11011: not one of ours */
        free(kept);
        char* mapped =
            mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(mapped + 4096, 8192);
        munmap(mapped, 1 << 20);
    } else if (strcmp(argv[1], "threads") == 0) {
        pthread_t other;
        pthread_create(&other, NULL, taking, &count);
        for (int i = 0; i < count; ++i) {
            while (i - taken >= 64) usleep(10);
            handed[i % 64] = malloc(1007 + 1000 * (i % 50));
            made = i + 1;
        }
        pthread_join(other, NULL);
    } else if (strcmp(argv[1], "killed") == 0) {
        for (int i = 0; i < count; ++i) kept = malloc(1007);
        raise(SIGKILL);
    } else if (strcmp(argv[1], "fork") == 0) {
        kept = malloc(1007);
        if (fork() == 0) {
            free(kept);
            kept = malloc(2007);
            kept = malloc(3007);
            _exit(0);
        }
        wait(NULL);
    } else {
        for (int i = 0; i < count; ++i) {
            kept = malloc(1007);
            free(kept);
        }
    }
    return 0;
}
