/* The program goes elsewhere, and takes its root directory along.
 * expect peak 12 MiB */
#include "victim.h"

int main(void) {
    char* first = block_of(4 * MIB);
    CHECK(chdir("/proc") == 0);
    char* second = block_of(4 * MIB);
    if (geteuid() == 0) CHECK(chroot("/proc/self/fdinfo") == 0 || errno == EPERM);
    char* third = block_of(4 * MIB);
    free(first), free(second), free(third);
    puts("elsewhere");
}
