/* Opens such a library, takes 64 blocks of 512 KiB, 16 of which grow and 16 of which go, and says
 * what the library's jemalloc says is allocated. Words: "twice" opens it, closes it and opens it
 * again, "thread" in a thread, "forks" does it in three children as well. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void* library;
static void* (*hold)(size_t);
static void* (*hold_zeroed)(size_t, size_t);
static void* (*grow)(void*, size_t);
static void (*give_back)(void*);
static size_t (*allocated)(void);

static void* open_library(void* path) {
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), NULL;
    hold = dlsym(library, "hold");
    hold_zeroed = dlsym(library, "hold_zeroed");
    grow = dlsym(library, "grow");
    give_back = dlsym(library, "give_back");
    allocated = dlsym(library, "allocated");
    return library;
}

static void* blocks[64];
static _Atomic int* ready; /* of all processes */
static int processes = 1;
static int lingers = 0; /* long enough to be looked at */

__attribute__((noinline)) void takes(void) {
    for (int i = 0; i < 64; ++i) blocks[i] = hold(512 << 10);
}
__attribute__((noinline)) void takes_zeroed(void) {
    blocks[0] = hold_zeroed(1024, 1024);
}
__attribute__((noinline)) void grows(void) {
    for (int i = 32; i < 48; ++i) blocks[i] = grow(blocks[i], 1 << 20);
}
__attribute__((noinline)) void gives_back(void) {
    for (int i = 0; i < 16; ++i) give_back(blocks[i]);
}

static void work(void) {
    takes();
    gives_back();
    takes_zeroed();
    grows();
    printf("%zu\n", allocated());
    fflush(stdout);
    for (++*ready; *ready < processes;) usleep(1000);
    if (lingers) usleep(300000);
    for (int i = 16; i < 64; ++i) give_back(blocks[i]);
    give_back(blocks[0]);
}

int main(int count, char** words) {
    const char* how = count > 2 ? words[2] : "";
    if (strcmp(how, "twice") == 0) {
        open_library(words[1]);
        give_back(hold(1 << 20));
        dlclose(library);
    }
    if (strcmp(how, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, open_library, words[1]);
        pthread_join(thread, NULL);
    } else if (open_library(words[1]) == NULL) {
        return 1;
    }
    ready = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (strcmp(how, "forks") == 0) processes = 4;
    lingers = strcmp(how, "lingers") == 0;
    if (processes > 1)
        for (int i = 0; i < 3; ++i)
            if (fork() == 0) return work(), 0;
    work();
    while (wait(NULL) > 0) {
    }
}
