/* All memory is locked. What we reserved, and do not use, must not be filled.
 * expect peak 24 MiB */
#include "victim.h"

static size_t status_mib(const char* field) {
    FILE* file = fopen("/proc/self/status", "r");
    char line[256];
    size_t kilobytes = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0)
            kilobytes = strtoul(line + strlen(field), NULL, 10);
    }
    fclose(file);
    return kilobytes >> 10;
}

int main(int count, char** arguments) {
    if (count == 1) {
        /* Should we fail, then not by filling the machine: a recording is no larger than this. */
        struct rlimit little = {200 * MIB, 200 * MIB};
        CHECK(setrlimit(RLIMIT_FSIZE, &little) == 0);
        execl("/proc/self/exe", arguments[0], "again", (char*)NULL);
        return 1;
    }
    char* before = block_of(8 * MIB);
    if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) {
        char* after = block_of(16 * MIB);
        CHECK(status_mib("VmLck:") >= 24 && status_mib("VmLck:") < 64);
        CHECK(status_mib("VmRSS:") >= 24 && status_mib("VmRSS:") < 64);
        free(after);
    } else {
        free(block_of(16 * MIB)); /* this user may not */
    }
    free(before);
    puts("locked");
}
