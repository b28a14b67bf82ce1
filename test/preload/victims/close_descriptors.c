/* Daemons close every descriptor and use the numbers again: none of them may be ours.
 * expect peak 8 MiB */
#include "victim.h"

static void allocate_on_a_new_thread(void) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, (void* (*)(void*))block_of, (void*)(4 * MIB)) == 0);
    pthread_join(thread, NULL);
}

int main(void) {
    free(block_of(100));
    for (int file = 3; file < 1024; ++file) close(file);
    int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    CHECK(file == 3);
    CHECK(write(file, "mine", 4) == 4);
    for (int other = 4; other < 1024; ++other) CHECK(dup2(file, other) == other);
    allocate_on_a_new_thread();
    CHECK(lseek(file, 0, SEEK_END) == 4);
    for (int other = 3; other < 1024; ++other) close(other);
    pid_t child = fork();
    if (child == 0) {
        allocate_on_a_new_thread();
        for (int other = 3; other < 1024; ++other) CHECK(close(other) == -1);
        _exit(0);
    }
    expect_success_of(child);
    allocate_on_a_new_thread();
    for (int other = 3; other < 1024; ++other) CHECK(close(other) == -1);
    puts("closed");
}
