/* For the victims: small programs with one trap each. Every victim says in its first comment what
 * it is and what the session must say of it ("expect peak 50 MiB"); it prints what it would print
 * without us. test/e2e/test_hooks.py runs each plain, with the library alone, and in a session. */
#ifndef VICTIM_H
#define VICTIM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)

/* A block that the compiler cannot do without. */
static inline char* block_of(size_t bytes) {
    char* block = malloc(bytes);
    CHECK(block != NULL);
    __asm__ volatile("" : : "r"(block) : "memory");
    return block;
}

static inline char* pages_of(size_t bytes, int access) {
    char* pages = mmap(NULL, bytes, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    return pages;
}

/* Waits for a child that must have ended well. */
static inline void expect_success_of(pid_t child) {
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
