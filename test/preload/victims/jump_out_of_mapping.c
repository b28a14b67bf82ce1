/* As jump_out_of_hook, out of mmap and munmap, which take a lock: it must not stay taken.
 * expect peak 32 MiB */
#include "victim.h"

static sigjmp_buf back;
static volatile int jumps;

static void handler(int signal) {
    (void)signal;
    ++jumps;
    siglongjmp(back, 1);
}

int main(void) {
    alarm(60);
    signal(SIGALRM, SIG_DFL);
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGPROF, &action, NULL);
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    static volatile int rounds;
    static char* volatile pages;
    sigsetjmp(back, 1);
    setitimer(ITIMER_PROF, &often, NULL);
    while (jumps < 200 && rounds < 100000) {
        ++rounds;
        if (pages != NULL) munmap(pages, 4096);
        pages = NULL;
        pages = pages_of(4096, PROT_READ | PROT_WRITE);
    }
    setitimer(ITIMER_PROF, &never, NULL);
    munmap(pages_of(32 * MIB, PROT_READ | PROT_WRITE), 32 * MIB);
    puts("jumped");
}
