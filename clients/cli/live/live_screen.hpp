// `run --live`: the program's terminal is covered by a view of it, and what it writes there goes to
// a terminal of our own making. A process of ours shows the view and, when that has closed, passes
// on what the program writes; so nothing of it is in the supervisor, and should that process die,
// another takes its place. The program may go on for as long as it likes, with or without a view.
#pragma once

#include <functional>

#include "os/descriptor.hpp"
#include "os/pipe.hpp"
#include "os/process.hpp"
#include "os/pseudo_terminal.hpp"
#include "os/saved_terminal.hpp"
#include "os/signals.hpp"

namespace fil::cli {

class live_screen {
  public:
    // A terminal that can show one (terminal_screen.hpp).
    explicit live_screen(descriptor terminal);
    ~live_screen();
    live_screen(const live_screen&) = delete;

    // Whether the program can be given a terminal.
    explicit operator bool() const { return static_cast<bool>(terminal_of_program_); }

    // In the program, before exec. Async-signal-safe.
    void cover() const { terminal_of_program_.take_place_of_terminals(); }

    // The program runs. `signals` outlives this.
    void start(const signal_inbox& signals);

    // Returns after how many milliseconds it wants to look again.
    int look();

    // Ours is off the terminal, by a signal that stops; and goes on.
    void stop(int number) const;
    void go_on() const;

    // The program has ended: what it wrote is on the terminal.
    void finish();

  private:
    enum class part { view, passing_on };
    void start(part what);
    void end_of_child();

    descriptor terminal_;
    saved_terminal as_it_was_;
    pseudo_terminal terminal_of_program_;
    pipe_ends end_of_program_, view_closed_;
    const signal_inbox* signals_ = nullptr;
    pid_t child_ = -1;
    bool shows_ = false;
};

}  // namespace fil::cli
