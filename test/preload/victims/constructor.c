/* Memory from before main.
 * expect peak 16 MiB */
#include "victim.h"

static char* early;
__attribute__((constructor(101))) static void before_main(void) {
    early = block_of(16 * MIB);
}

int main(void) {
    early = realloc(early, 8 * MIB);
    free(early);
    puts("early");
}
