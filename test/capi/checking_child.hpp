#pragma once
// A child process that checks something, and tells by its exit status what did not hold: for tests.

#include <sys/wait.h>
#include <unistd.h>

namespace fil {

// In the child, what would be an assertion: its number is the exit status.
#define HOLDS(number, condition) \
    if (!(condition)) _exit(number)

// 0 if all of `body` held; of a child that a signal ended, less than 0.
template <typename Body>
int status_of_child(Body&& body) {
    const pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace fil
