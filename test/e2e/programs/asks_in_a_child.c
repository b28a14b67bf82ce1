/* A thread is inside the loader, whose lock it has, when another one forks: the child asks for a
 * symbol, as it may, since that needs another lock. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_inside[2];

static int stay(struct dl_phdr_info* object, size_t size, void* nothing) {
    (void)object, (void)size, (void)nothing;
    if (write(is_inside[1], "", 1) != 1) abort();
    for (;;) pause();
}

static void* look(void* nothing) {
    dl_iterate_phdr(stay, nothing);
    return nothing;
}

int main(void) {
    char byte;
    pthread_t thread;
    void* const library = dlopen("libm.so.6", RTLD_NOW);
    if (library == NULL || pipe(is_inside) != 0) return 2;
    if (pthread_create(&thread, NULL, look, NULL) != 0 || read(is_inside[0], &byte, 1) != 1)
        return 2;
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        for (int i = 0; i != 100; ++i)
            if (dlsym(library, "cos") == NULL) _exit(2);
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    printf("the child ended with %d\n", status);
    fflush(stdout);
    _exit(status != 0);
}
