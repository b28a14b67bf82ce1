// Lines for a descriptor that others write to as well, a pipe that nobody reads, say, without ever
// waiting for it. O_NONBLOCK is no way: it would be the program's too. What is not taken at once is
// kept, and tried again when somebody calls; beyond some 64 KiB nothing more is kept.
#pragma once

#include <array>
#include <list>
#include <string>
#include <string_view>

namespace fil::cli {

class unhurried_writer {
  public:
    explicit unhurried_writer(int descriptor) : descriptor_(descriptor) {}

    void add(std::string_view line) noexcept;

    // Nothing is allocated: what is not taken at once waits behind the lines, as far as there is
    // room. `now`: it may be written now.
    void add_without_memory(std::string_view line, bool now) noexcept;

    // As much as is taken now. Lines that can never be written are dropped.
    void go_on();
    bool is_done() const { return lines_.empty() && reserve_used_ == 0; }

    // Goes on until all is written, or nothing was taken for so long, or one of the signals that
    // ask us to end has come (they may be blocked).
    void finish(int milliseconds);

  private:
    bool write_first();
    bool write_reserve();

    int descriptor_;
    std::list<std::string> lines_;  // of the first, what is left
    std::size_t bytes_ = 0;
    std::array<char, 2048> reserve_{};
    std::size_t reserve_used_ = 0;
};

}  // namespace fil::cli
