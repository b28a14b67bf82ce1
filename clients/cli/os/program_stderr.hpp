// Says a line (message.hpp) on the standard error of a program that is not our child and whose
// descriptors we do not hold: on the one it was started with, whichever number that has by now (a
// Jupyter kernel puts a pipe to itself in its place, and keeps a copy); where it has been closed,
// on what descriptor 2 is now. Never waits long: a line that nobody reads is dropped.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

#include "os/descriptor.hpp"

namespace fil::cli {

class program_stderr {
  public:
    // `started_with`: a descriptor of ours of the same file, now.
    explicit program_stderr(pid_t program, int started_with = STDERR_FILENO);

    void say_line(std::string line) const;

  private:
    int number_in_program() const;
    descriptor open(int number) const;

    pid_t program_;
    struct stat file_ {};
    bool is_known_;  // what file_ says
};

}  // namespace fil::cli
