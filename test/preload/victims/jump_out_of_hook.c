/* A handler jumps out of whatever it interrupted. Where that is the library's code, the thread must
 * not stay as if it were still inside. (Elsewhere it does not jump: to leave the C library's malloc
 * in the middle is the program's own end.)
 * expect peak 32 MiB */
#include <link.h>
#include <stdint.h>
#include <ucontext.h>

#include "victim.h"

static uintptr_t first, last;
static sigjmp_buf back;
static volatile int jumps;

static int find_library(struct dl_phdr_info* object, size_t size, void* unused) {
    (void)size, (void)unused;
    if (strstr(object->dlpi_name, "libfil_preload") == NULL) return 0;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        if (object->dlpi_phdr[i].p_type != PT_LOAD || !(object->dlpi_phdr[i].p_flags & PF_X))
            continue;
        first = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
        last = first + object->dlpi_phdr[i].p_memsz;
    }
    return 1;
}

static void handler(int signal, siginfo_t* information, void* context) {
    (void)signal, (void)information;
    uintptr_t at = (uintptr_t)((ucontext_t*)context)->uc_mcontext.gregs[REG_RIP];
    if (at < first || at >= last) return;
    ++jumps;
    siglongjmp(back, 1);
}

int main(void) {
    alarm(100);
    dl_iterate_phdr(find_library, NULL);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGVTALRM, &action, NULL);
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    static volatile int rounds;
    static void* volatile blocks[64];
    setitimer(ITIMER_VIRTUAL, &often, NULL);
    sigsetjmp(back, 1);
    while (jumps < 200 && rounds < 3000000) {
        int i = ++rounds % 64;
        void* old = blocks[i];
        blocks[i] = NULL;
        free(old); /* interrupted, it is lost */
        blocks[i] = malloc(100 + (size_t)i);
    }
    setitimer(ITIMER_VIRTUAL, &never, NULL);
    free(block_of(32 * MIB));
    puts("jumped");
}
