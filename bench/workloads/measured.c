/* Runs a command and tells what it used: measured FILE COMMAND...
 *
 * Seconds of CPU, seconds on the wall and the largest resident set in KiB go into FILE, of the
 * command and of all that it waited for. The Python that compares cannot ask for itself: a child
 * that it starts begins with the resident set of Python. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t) {
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int count, char** words) {
    if (count < 3) return 2;
    const double begin = now();
    const pid_t child = fork();
    if (child == 0) {
        execvp(words[2], words + 2);
        _exit(127);
    }
    int status;
    struct rusage used;
    if (child < 0 || wait4(child, &status, 0, &used) != child) return 2;
    FILE* file = fopen(words[1], "w");
    if (file == NULL) return 2;
    fprintf(file, "%.6f %.6f %ld\n", seconds(used.ru_utime) + seconds(used.ru_stime), now() - begin,
            used.ru_maxrss);
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
