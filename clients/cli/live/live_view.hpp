// The view of a program that runs: looks at it about once a second, shows that on the terminal, and
// does what keys and signals ask for. A look costs the program nothing: a child of its supervisor
// copies counters. Where reading it costs this process much, looks are rarer: at most a thirtieth
// of a core.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "live/looks.hpp"
#include "live/page.hpp"
#include "live/visit.hpp"
#include "os/signals.hpp"
#include "os/stopwatch.hpp"
#include "os/terminal_screen.hpp"

namespace fil::cli {

// Where a program's output comes from, while it is kept.
class kept_output {
  public:
    virtual ~kept_output() = default;
    virtual int descriptor() const = 0;  // polls readable; -1: there is none
    virtual void take() = 0;
    virtual std::vector<std::string> last_lines() const = 0;
    virtual bool is_over() const = 0;  // the program has ended
    virtual void resize() = 0;         // the terminal has another size
};

enum class view_end { by_user, by_program, by_signal };

struct view_result {
    view_end why = view_end::by_user;
    int signal = 0;    // by_signal: which
    std::string text;  // by_program: "the program has ended"
};

class view {
  public:
    // Throws refusal. All outlive this; without `output` a program that somebody else started.
    view(int pid, int terminal, const signal_inbox& signals, kept_output* output);

    // Until it is over; then the terminal is as it was. Throws refusal if there was not even a
    // first look.
    view_result show();

    const looks& seen() const { return seen_; }

  private:
    void ask_for_look();
    void end_by_program(const std::string& why);  // throws refusal before the first look
    void wait();
    void hear_looks();
    void hear_reports();
    void hear_keys();
    bool hear_signals();  // false: it is over
    void press(key pressed, char letter);
    void ask_for_report(fil_visit_kind kind);
    void stop_by(int number);
    void draw();

    int pid_;
    const signal_inbox& signals_;
    kept_output* output_;
    int terminal_;
    visit looking_;
    std::optional<visit> reporting_;
    terminal_screen screen_;
    looks seen_;
    page_state state_;
    stopwatch time_;
    bool is_asked_ = false;
    double next_ = 0;  // look, in seconds
    double used_ = 0;  // of processor time, when the last one was asked for
    bool is_drawn_ = false, is_over_ = false;
    view_result result_;
};

}  // namespace fil::cli
