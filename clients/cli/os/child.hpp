// Processes of our own, by fork: this one has no other thread then. In the child everything goes on
// as it was; what a child is asked to do ends the child when it returns.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace fil::cli {

// One that dies with us. -1 (and errno) if there can be none. Here nothing is allocated.
pid_t start_child_doing(const std::function<void()>& what);
template <typename Act>
pid_t start_child(const Act& what) {
    return start_child_doing(std::cref(what));
}

// One that is nobody's child, in a session of its own: no terminal's signal reaches it, and nobody
// has to wait for it. False (and errno) if there can be none.
bool start_orphan(const std::function<void()>& what);

// For exec. Both lists are whole: argv with its [0], the environment.
struct program_image {
    const std::string& path;
    const std::vector<std::string>& arguments;
    const std::vector<std::string>& variables;
};

// Another program, as a child that dies with us and inherits what this process would hand on by
// exec, after `before_exec` (which may do only what is async-signal-safe). No child: pid is -1.
// `why` is the errno of what failed, exec or all of it; 0: it runs.
struct started {
    pid_t pid;
    int why;
};
started start_program(const program_image& what, const std::function<void()>& before_exec);

// In place of this process; returns errno if it cannot be.
int become(const program_image& what);

// In a child of ours that has something to put in order: when we die it is told by SIGTERM.
void end_by_term_with_parent();

void signal_child(pid_t child, int number);

// Until a child has ended; then it is gone.
void wait_for_end(pid_t child);

}  // namespace fil::cli
