// Starts the program: fork and exec, in a process that has no other thread. The child keeps what it
// inherits from whoever started us (descriptors 0 to 2, signal mask and dispositions, group,
// terminal) and dies with the supervisor. Until it is waited for, its number cannot be reused.
#pragma once

#include "os/descriptor.hpp"
#include "os/process.hpp"
#include "os/signals.hpp"
#include "start/program_environment.hpp"
#include "target/target.hpp"

namespace fil::cli {

struct program {
    pid_t pid = -1;
    descriptor ended;  // polls readable when it ended; empty on kernels without pidfd_open
};

// Throws refusal, with the status a shell would give, if exec fails.
// `also` is done in the child, before exec; async-signal-safe.
program launch(const target& what, const environment& variables, const signal_inbox& signals,
               const std::function<void()>& also = {});

// In place of this process, unrecorded. Throws refusal.
[[noreturn]] void become(const target& what, const environment& variables);

}  // namespace fil::cli
