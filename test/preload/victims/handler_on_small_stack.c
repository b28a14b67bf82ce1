/* A handler that allocates, on an alternate stack of 8 KiB with nothing below it: also as the first
 * thing that a thread or a forked process does.
 * expect peak 12 MiB, processes 2 */
#include "victim.h"

static char* kept[2];
static volatile int handled;

static void handler(int signal) {
    (void)signal;
    free(block_of(100));
    kept[handled] = realloc(block_of(10), 4 * MIB);
    ++handled;
}

static void* raise_on_small_stack(void* unused) {
    /* The system may need more than 2 KiB for the processor's state alone. */
    size_t bytes = 8192;
    char* stack = mmap(NULL, bytes + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(stack + 4096, bytes, PROT_READ | PROT_WRITE);
    stack_t alternate = {.ss_sp = stack + 4096, .ss_size = bytes};
    CHECK(sigaltstack(&alternate, NULL) == 0);
    raise(SIGUSR1);
    return unused;
}

int main(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    raise_on_small_stack(NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, raise_on_small_stack, NULL);
    pthread_join(thread, NULL);
    CHECK(handled == 2);
    pid_t child = fork();
    if (child == 0) {
        handled = 0;
        raise(SIGUSR1);
        _exit(handled == 1 ? 0 : 1);
    }
    expect_success_of(child);
    free(kept[0]), free(kept[1]);
    puts("handled");
}
