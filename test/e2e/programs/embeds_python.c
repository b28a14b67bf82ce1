/* Opens a libpython, in a program whose malloc is that of test/preload/victims/locked_malloc.c. A
 * thread that never ran Python asks for memory meanwhile. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_barrier_t both;

static void* allocate_later(void* unused) {
    pthread_barrier_wait(&both); /* it is here before the interpreter is */
    pthread_barrier_wait(&both);
    for (int i = 0; i < 40; ++i) memset(malloc(100000), 1, 100);
    return unused;
}

int main(int count, char** arguments) {
    pthread_t thread;
    pthread_barrier_init(&both, NULL, 2);
    pthread_create(&thread, NULL, allocate_later, NULL);
    pthread_barrier_wait(&both);
    void* python = count == 2 ? dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
    if (python == NULL) return 2;
    void (*start)(int) = (void (*)(int))dlsym(python, "Py_InitializeEx");
    int (*run)(const char*) = (int (*)(const char*))dlsym(python, "PyRun_SimpleString");
    start(0);
    run("kept = [bytes(100_000) for _ in range(100)]");
    pthread_barrier_wait(&both);
    pthread_join(thread, NULL);
    run("print(len(kept), flush=True)");
    return 0;
}
