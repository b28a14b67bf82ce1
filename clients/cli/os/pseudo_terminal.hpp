// A terminal of our own making, for a program: what it writes there, we read.
#pragma once

#include "os/descriptor.hpp"

namespace fil::cli {

class pseudo_terminal {
  public:
    // As large as the terminal `like`, and set as it; what is written comes out as it is. Where
    // there can be none it is empty.
    explicit pseudo_terminal(int like);
    explicit operator bool() const { return static_cast<bool>(programs_); }

    // What the program wrote, without waiting.
    int output() const { return ours_.get(); }

    // In a child, before exec: stdout and stderr are this one where they are a terminal, and a
    // stdin that is one is empty. Async-signal-safe.
    void take_place_of_terminals() const;

    void take_size_of(int terminal) const;

  private:
    descriptor ours_;
    descriptor programs_;  // kept: a program that has closed its own has not hung up
};

}  // namespace fil::cli
