/* Little address space, and files that must not grow: our tables are large and sparse.
 * expect peak 64 MiB */
#include "victim.h"

static void limit(int resource, size_t bytes) {
    struct rlimit both = {bytes, bytes};
    CHECK(setrlimit(resource, &both) == 0);
}

int main(int count, char** arguments) {
    const char* way = count > 1 ? arguments[1] : "little";
    if (strcmp(way, "again") != 0) {
        limit(RLIMIT_AS, 600 * MIB);
        /* Growing a file past this limit does not fail, it kills. */
        limit(RLIMIT_FSIZE, strcmp(way, "none") == 0 ? 4096 : 64 * MIB);
        execl("/proc/self/exe", arguments[0], "again", (char*)NULL);
        return 1;
    }
    char* block = block_of(64 * MIB);
    memset(block, 1, 64 * MIB);
    free(block);
    pid_t child = fork();
    if (child == 0) {
        memset(block_of(32 * MIB), 1, 32 * MIB);
        _exit(0);
    }
    expect_success_of(child);
    puts("limited");
}
