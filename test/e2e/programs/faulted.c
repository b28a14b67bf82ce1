/* Holds 8 MiB in `work`, and has a child that does so too and a program started that says
 * "hello". */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static void work(void) {
    char* block = malloc(8 << 20);
    if (block == NULL) _exit(5);
    memset(block, 1, 8 << 20);
    free(block);
}

static void say(const char* text) {
    if (write(1, text, strlen(text)) < 0) _exit(7);
}

int main(void) {
    work();
    say("worked\n");
    for (int starts = 0; starts < 2; starts++) {
        const pid_t child = fork();
        if (child == 0 && starts) execl("/bin/echo", "echo", "hello", (char*)NULL);
        if (child == 0) {
            work();
            _exit(3);
        }
        int status = 0;
        waitpid(child, &status, 0);
        say(WIFEXITED(status) && WEXITSTATUS(status) == (starts ? 0 : 3) ? "as it should\n"
                                                                         : "no\n");
    }
    return 4;
}
