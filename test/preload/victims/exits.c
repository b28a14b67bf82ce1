/* The ways out: what was counted until then must be there afterwards.
 * expect peak 20 MiB
 * with arguments: return, exit, _exit, _Exit, quick_exit, thread, raw, kill, segv, abort */
#include "victim.h"

static void* leave_from_thread(void* unused) {
    (void)unused;
    exit(3);
}

int main(int count, char** arguments) {
    const char* way = count > 1 ? arguments[1] : "return";
    char* block = block_of(20 * MIB);
    puts(way);
    fflush(stdout);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (strcmp(way, "exit") == 0) exit(3);
    if (strcmp(way, "_exit") == 0) _exit(3);
    if (strcmp(way, "_Exit") == 0) _Exit(3);
    if (strcmp(way, "quick_exit") == 0) quick_exit(3);
    if (strcmp(way, "raw") == 0) syscall(SYS_exit_group, 3);
    if (strcmp(way, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(way, "segv") == 0) *(volatile int*)8 = 0;
    if (strcmp(way, "abort") == 0) abort();
    if (strcmp(way, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, leave_from_thread, NULL);
        pause();
    }
    return block != NULL ? 3 : 0;
}
