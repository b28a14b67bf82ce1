// A terminal's settings as they were, for the case that somebody who changed them dies.
#pragma once

#include <termios.h>

namespace fil::cli {

class saved_terminal {
  public:
    explicit saved_terminal(int terminal);

    // `was_covered`: by a view, which goes as well.
    void restore(bool was_covered) const;

  private:
    int terminal_;
    termios settings_{};
    bool is_known_;  // what they were
};

}  // namespace fil::cli
