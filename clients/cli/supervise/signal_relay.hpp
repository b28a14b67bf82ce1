// Signals on their way to the program. One that somebody sent to the supervisor alone is passed on;
// one that the program got as well is not, or its handler would run twice. Which of both it is, a
// witness knows (group_witness.hpp), a moment after the signal: `timeout` signals its child first
// and the whole group then. SIGUSR2 is for us. By those of job control we stop when the program
// does.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "os/group_witness.hpp"
#include "os/signals.hpp"
#include "start/launch.hpp"
#include "supervise/job_control.hpp"

namespace fil::cli {

class signal_relay {
  public:
    // Both outlive this object. What came before belongs to nobody else: the program must have been
    // started.
    signal_relay(const signal_inbox& inbox, const program& child, on_terminal ours = {})
        : waiting_(with_room()),
          inbox_(inbox),
          child_(child),
          job_control_(child.pid, std::move(ours)) {}

    // Takes what arrived, and passes on what is due. `is_programs`: whether a process is one of the
    // program's. True if SIGUSR2 was among it.
    bool look(double seconds, const std::function<bool(pid_t)>& is_programs);

    // After how many milliseconds it wants to look again.
    int longest_wait(double seconds) const;

  private:
    struct waiting {
        signalfd_siginfo signal;
        bool is_for_program;
        double since;
    };

    // A signal that was taken must not be lost: none waits for memory.
    static std::vector<waiting> with_room() {
        std::vector<waiting> made;
        made.reserve(64);
        return made;
    }
    void hear(signal_bits seen);

    std::vector<waiting> waiting_;  // oldest first
    const signal_inbox& inbox_;
    const program& child_;
    job_control job_control_;
    group_witness witness_;
    std::optional<double> asked_;  // the witness, when
};

}  // namespace fil::cli
