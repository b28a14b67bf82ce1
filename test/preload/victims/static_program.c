/* Linked statically: LD_PRELOAD must not be set for it, since its own children could suffer. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const char* preload = getenv("LD_PRELOAD");
    printf("preload %s\n", preload != NULL ? preload : "none");
}
