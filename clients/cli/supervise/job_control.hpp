// Stops the supervisor when the program stops by a signal that reached us too: so a shell sees its
// job stop, by Ctrl-Z or by reading in the background, and continues both. A program that does
// something else with the signal (gunicorn takes SIGTTIN for a wish) is not stopped, and then
// neither are we; nor when it is stopped alone: who does that continues it alone. Signals must be
// blocked (signals.hpp).
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "os/signals.hpp"

namespace fil::cli {

// What of ours is on the terminal. It leaves that before we stop, since the shell writes there as
// soon as we have, and comes back when we are continued.
struct on_terminal {
    std::function<void(int number)> leave = [](int) {};
    std::function<void()> come_back = [] {};
};

class job_control {
  public:
    explicit job_control(pid_t program, on_terminal ours = {})
        : program_(program), ours_(std::move(ours)) {}

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
    on_terminal ours_;
    std::optional<heard> stop_;
};

}  // namespace fil::cli
