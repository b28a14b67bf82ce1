/* An exec that fails: the program goes on, and so does its recording.
 * expect peak 16 MiB, processes 1 */
#include "victim.h"

int main(void) {
    char* arguments[] = {"nothing", NULL};
    char* before = block_of(8 * MIB);
    CHECK(execve("/nowhere/at/all", arguments, environ) == -1 && errno == ENOENT);
    CHECK(execvp("no-such-program-anywhere", arguments) == -1 && errno == ENOENT);
    CHECK(execve("/", arguments, environ) == -1 && errno == EACCES);
    static char* endless[1 << 19];
    for (int i = 0; i < (1 << 19) - 1; ++i) endless[i] = "too much of it, and so it is refused";
    CHECK(execve("/bin/true", endless, environ) == -1 && errno == E2BIG);
    char* after = block_of(8 * MIB);
    free(before), free(after);
    puts("failed");
}
