#pragma once
// The number of a process that has ended: for tests.

#include <sys/wait.h>
#include <unistd.h>

namespace fil::test {

inline pid_t dead_process() {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, nullptr, 0);
    return child;
}

}  // namespace fil::test
