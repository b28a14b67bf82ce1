// A line on the terminal while the user waits: after a second "=fil-profile= drawing the report ...
// 3 s", rewritten in place, and gone when the wait is over. In a pipe, a file or a log, with
// --quiet or where there is no room for it: nothing at all.
#pragma once

#include <string>

#include "os/stopwatch.hpp"

namespace fil::cli {

class progress {
  public:
    // On stderr. `what`: "drawing the report".
    explicit progress(std::string what);
    ~progress() { end(); }
    progress(const progress&) = delete;

    // To be called a few times a second; what is being done by now may be said.
    void look(const std::string& now = "");
    void end();

  private:
    void show(const std::string& line);

    std::string what_;
    bool is_wanted_;
    stopwatch since_;
    std::string shown_;
};

}  // namespace fil::cli
