/* spawns PROGRAM ARGUMENTS...: starts a program by vfork and exec, with an emptied environment, and
 * by posix_spawn; goes on allocating afterwards.
 * expect peak 24 MiB */
#include <spawn.h>

#include "victim.h"

int main(int count, char** arguments) {
    char* standard[] = {"/bin/true", NULL};
    char** child = count > 1 ? arguments + 1 : standard;
    char* empty[] = {NULL};
    char* before = block_of(8 * MIB);
    pid_t pid = vfork();
    if (pid == 0) {
        execve(child[0], child, empty);
        _exit(99);
    }
    expect_success_of(pid);
    CHECK(posix_spawn(&pid, child[0], NULL, NULL, child, environ) == 0);
    expect_success_of(pid);
    pid = vfork(); /* fails to become anything */
    if (pid == 0) {
        execve("/nowhere/at/all", child, empty);
        _exit(0);
    }
    expect_success_of(pid);
    char* after = block_of(16 * MIB);
    free(before), free(after);
    puts("spawned");
}
