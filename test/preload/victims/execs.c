/* All the ways to become another program, or to start one; each child is this program again, with
 * an argument, and an environment that was not made for it. expect peak 5 MiB, processes 15 */
#include <spawn.h>

#include "victim.h"

static char* path;
static char* child_arguments[] = {"execs", "child", NULL};
static char* empty[] = {NULL};

static void child(void) {
    free(block_of(5 * MIB));
    printf("child");
    for (char** entry = environ; *entry != NULL; ++entry) {
        if (strncmp(*entry, "OWN=", 4) == 0) printf(" %s", *entry);
    }
    puts("");
    exit(0);
}

/* Runs `exec` in a forked child that does not allocate. */
#define IN_CHILD(exec)          \
    do {                        \
        fflush(stdout);         \
        pid_t pid = fork();     \
        if (pid == 0) {         \
            exec;               \
            _exit(99);          \
        }                       \
        expect_success_of(pid); \
    } while (0)

int main(int count, char** arguments) {
    if (count > 1) child();
    path = realpath("/proc/self/exe", NULL);
    char* own[] = {"OWN=1", NULL};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    IN_CHILD(execve(path, child_arguments, empty));
    IN_CHILD(execve(path, child_arguments, own));
    IN_CHILD(execve(path, child_arguments, NULL));
    IN_CHILD(execv(path, child_arguments));
    IN_CHILD(clearenv(); execv(path, child_arguments));
    IN_CHILD(execl(path, "execs", "child", (char*)NULL));
    IN_CHILD(execle(path, "execs", "child", (char*)NULL, own));
    IN_CHILD(execlp(path, "execs", "child", (char*)NULL));
    IN_CHILD(execvp(path, child_arguments));
    IN_CHILD(execvpe(path, child_arguments, own));
    IN_CHILD(fexecve(file, child_arguments, empty));
    IN_CHILD(execveat(file, "", child_arguments, empty, AT_EMPTY_PATH));
    pid_t pid = 0;
    CHECK(posix_spawn(&pid, path, NULL, NULL, child_arguments, NULL) == 0);
    expect_success_of(pid);
    CHECK(posix_spawnp(&pid, path, NULL, NULL, child_arguments, empty) == 0);
    expect_success_of(pid);
    (void)arguments;
}
