/* Children forked while other threads are in the middle of everything: no lock of theirs may be
 * waited for. Each child is a process of its own.
 * expect processes 31 */
#include "victim.h"

static volatile int stop;

static void* churn(void* unused) {
    while (!stop) {
        char* block = block_of(2000);
        char* pages = pages_of(64 << 10, PROT_READ | PROT_WRITE);
        block = realloc(block, 9000);
        munmap(pages, 64 << 10);
        free(block);
    }
    return unused;
}

int main(void) {
    alarm(100);
    pthread_t threads[3];
    for (int i = 0; i < 3; ++i) CHECK(pthread_create(&threads[i], NULL, churn, NULL) == 0);
    for (int i = 0; i < 30; ++i) {
        pid_t child = fork();
        if (child == 0) {
            free(block_of(MIB));
            pthread_t thread;
            munmap(pages_of(MIB, PROT_READ | PROT_WRITE), MIB);
            CHECK(pthread_create(&thread, NULL, (void* (*)(void*))block_of, (void*)MIB) == 0);
            pthread_join(thread, NULL);
            exit(0);
        }
        expect_success_of(child);
    }
    stop = 1;
    for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
    puts("forked");
}
