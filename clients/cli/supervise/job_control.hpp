// Stops the supervisor when the program stops by a signal that reached us too: so a shell sees its
// job stop, by Ctrl-Z or by reading in the background, and continues both. A program that does
// something else with the signal (gunicorn takes SIGTTIN for a wish) is not stopped, and then
// neither are we; nor when it is stopped alone: who does that continues it alone. Signals must be
// blocked (signals.hpp).
#pragma once

#include <optional>

#include "os/signals.hpp"

namespace fil::cli {

class job_control {
  public:
    explicit job_control(pid_t program) : program_(program) {}

    // A signal of job control reached us: the program has it, or will be sent it.
    void hear(const signalfd_siginfo& signal, double seconds);

    // Stops here, where it is time, until somebody continues us.
    void look(double seconds);

    // After how many milliseconds it wants to look again.
    int longest_wait() const;

  private:
    struct heard {
        int number;
        bool from_terminal;
        double since;
    };

    pid_t program_;
    std::optional<heard> stop_;
};

}  // namespace fil::cli
