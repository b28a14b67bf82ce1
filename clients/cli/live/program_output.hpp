// What a program writes while a view covers its terminal: kept, the last of it shown, and written
// out when the view has closed; from then on it is passed on at once. Of very much the end is kept,
// and a line says how much was not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "live/live_view.hpp"
#include "os/pseudo_terminal.hpp"

namespace fil::cli {

class program_output : public kept_output {
  public:
    static constexpr std::size_t most_kept = 16 << 20;

    // Something can be read from `end_of_program` when that has ended. All outlive this.
    program_output(const pseudo_terminal& from, int terminal, int end_of_program)
        : from_(from), terminal_(terminal), end_of_program_(end_of_program) {}

    int descriptor() const override { return from_.output(); }
    void take() override;
    std::vector<std::string> last_lines() const override;
    bool is_over() const override;
    void resize() override { from_.take_size_of(terminal_); }

    // All that was kept, and then what comes, until the program has ended.
    void pass_on(const signal_inbox& signals);

  private:
    bool write_kept();

    const pseudo_terminal& from_;
    int terminal_;
    int end_of_program_;
    std::string kept_;
    std::uint64_t dropped_ = 0;
};

// The lines that a terminal would show of it at last, without what moves and colours. Pure.
std::vector<std::string> last_lines_of(std::string_view text, std::size_t most);

}  // namespace fil::cli
