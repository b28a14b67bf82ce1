// stdin, stdout and stderr of this process, held where nobody else may come upon them.
#pragma once

#include "os/descriptor.hpp"

namespace fil::cli {

// Those that are closed: what we open next would take their numbers, and a message would end up in
// it. /dev/null holds the place, close-on-exec: the program finds them closed still.
void hold_standard_descriptors();
bool is_held(int standard);  // it was closed

// All of them are /dev/null from now on: who waits for the other end of one is not kept waiting.
void let_go_of_standard_descriptors();
void let_go_of_stdin_and_stdout();  // errors can still be told

// While it lives, what children print goes nowhere.
class silenced_stdout {
  public:
    silenced_stdout();
    ~silenced_stdout();
    silenced_stdout(const silenced_stdout&) = delete;

  private:
    descriptor ours_;
};

}  // namespace fil::cli
