/* New processes that no fork hook or atfork handler hears of.
 * expect peak 24 MiB, processes 3 */
#include "victim.h"

extern pid_t _Fork(void);

static void child(void) {
    free(block_of(8 * MIB));
    _exit(0);
}

int main(void) {
    char* kept = block_of(16 * MIB);
    pid_t pid = _Fork();
    if (pid == 0) child();
    expect_success_of(pid);
    pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) child();
    expect_success_of(pid);
    free(kept);
    puts("cloned");
}
