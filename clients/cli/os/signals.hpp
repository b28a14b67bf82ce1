// Signals of the supervisor: those that somebody sends to it are meant for the program and go
// there; those that the terminal sends to both are not doubled. From construction on they are
// blocked and read from a descriptor: none is lost while the program starts. What the program
// inherits is what we inherited.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include <functional>
#include <string>

#include "os/descriptor.hpp"

namespace fil::cli {

// Whether a signal that reached us, and nobody else, is for the program. `from_program`: sent by
// one of its processes, to its own group, say: then it has the signal already. Pure.
bool is_for_program(const signalfd_siginfo& signal, pid_t self, bool from_program);

std::string name_of_signal(int number);  // in words, "Killed"

// SIGTSTP, SIGTTIN and SIGTTOU, which stop; and with SIGCONT all of job control.
bool is_stop(int number);
bool is_job_control(int number);

// While it lives, those do what they do by themselves.
class job_control_let_be {
  public:
    job_control_let_be();
    ~job_control_let_be();
    job_control_let_be(const job_control_let_be&) = delete;

  private:
    sigset_t before_;
};

// Stops this process by one of the former, blocked, until somebody continues it. The signal is
// pending before `is_still_right` looks: whatever continues us from then on takes it back. No
// effect in a group that has no shell, as everywhere.
void stop_ourselves(int number, const std::function<bool()>& is_still_right);

class signal_inbox {
  public:
    signal_inbox();

    int poll_descriptor() const { return inbox_.get(); }

    // The next one that arrived; false if there is none. Never blocks.
    bool take(signalfd_siginfo& signal) const;

    // In a child of ours, between fork and exec: mask and dispositions as we found them.
    // Async-signal-safe.
    void restore_inherited() const;

  private:
    sigset_t inherited_mask_{};
    struct sigaction inherited_child_action_ {};
    descriptor inbox_;
};

// Sends it on, with its value if it has one. `pid_descriptor` may be -1.
void forward(const signalfd_siginfo& signal, pid_t pid, int pid_descriptor);

}  // namespace fil::cli
