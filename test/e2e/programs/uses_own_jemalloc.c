/* Opens such a library, takes 64 blocks of 512 KiB, 16 of which grow and 16 of which go, and says
 * what the library's jemalloc says is allocated. Words: "twice" and "often" open it, close it and
 * open it again, "thread" is in a thread, "elsewhere" opens it in a thread and asks for its names
 * in another, "forks" does it in three children as well. "ways" has a block of each way to ask. */
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

static void* (*take)(int, size_t);
static size_t (*shrink)(void*, size_t);
static void (*give_back_by)(int, void*, size_t);

static void* open_only(void* path) {
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    return library;
}

static void* ask_for_names(void) {
    if (library == NULL) return NULL;
    hold = dlsym(library, "hold");
    hold_zeroed = dlsym(library, "hold_zeroed");
    grow = dlsym(library, "grow");
    give_back = dlsym(library, "give_back");
    allocated = dlsym(library, "allocated");
    take = dlsym(library, "take");
    shrink = dlsym(library, "shrink");
    give_back_by = dlsym(library, "give_back_by");
    return library;
}

static void* open_library(void* path) {
    open_only(path);
    return ask_for_names();
}

static void* blocks[64];
static _Atomic int* ready; /* of all processes */
static int processes = 1;
static int lingers = 0; /* long enough to be looked at */

__attribute__((noinline)) void takes(void) {
    for (int i = 0; i < 64; ++i) blocks[i] = hold(512 << 10);
}
__attribute__((noinline)) void takes_before(void) {
    give_back(hold(1 << 20));
    hold(50 << 10); /* and never gives it back */
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

enum { ways = 9, ways_back = 4 };

__attribute__((noinline)) void passes(void) {
    for (int back = 0; back < ways_back; ++back)
        for (int way = 0; way < ways; ++way)
            give_back_by(back, take(way, (2 << 20) + way * 51200), (2 << 20) + way * 51200);
}
__attribute__((noinline)) void keeps(void) {
    for (int way = ways; way-- > 0;) blocks[way] = take(way, (1 << 20) + way * 51200);
}
__attribute__((noinline)) void shrinks(void) {
    if (shrink(blocks[ways] = hold(8 << 20), 4 << 20) != 4 << 20) printf("not in place\n");
}

int main(int count, char** words) {
    const char* how = count > 2 ? words[2] : "";
    const int before = strcmp(how, "twice") == 0 ? 1 : strcmp(how, "often") == 0 ? 12 : 0;
    for (int i = 0; i < before; ++i) {
        if (open_library(words[1]) == NULL) return 1;
        takes_before();
        dlclose(library);
    }
    const int is_elsewhere = strcmp(how, "elsewhere") == 0;
    if (is_elsewhere || strcmp(how, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, is_elsewhere ? open_only : open_library, words[1]);
        pthread_join(thread, NULL);
        if (is_elsewhere) ask_for_names();
    } else if (open_library(words[1]) == NULL) {
        return 1;
    }
    if (strcmp(how, "ways") == 0) return shrinks(), passes(), keeps(), 0;
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
