// Lines for a descriptor that others write to as well, a pipe that nobody reads, say, without ever
// waiting for it. O_NONBLOCK is no way: it would be the program's too. What is not taken at once is
// kept, and tried again when somebody calls; beyond some 64 KiB nothing more is kept.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace fil::cli {

class unhurried_writer {
  public:
    explicit unhurried_writer(int descriptor) : descriptor_(descriptor) {}

    void add(std::string line);

    // As much as is taken now. Lines that can never be written are dropped.
    void go_on();
    bool is_done() const { return lines_.empty(); }

    // Goes on until all is written, or nothing was taken for so long, or one of the signals that
    // ask us to end has come (they may be blocked).
    void finish(int milliseconds);

  private:
    bool write_first();

    int descriptor_;
    std::deque<std::string> lines_;  // of the first, what is left
    std::size_t bytes_ = 0;
};

}  // namespace fil::cli
