#include "live/live_screen.hpp"

#include <csignal>
#include <utility>

#include "live/live_view.hpp"
#include "live/program_output.hpp"
#include "os/child.hpp"
#include "os/ending.hpp"
#include "os/message.hpp"
#include "os/process.hpp"
#include "os/readable.hpp"
#include "os/refusal.hpp"
#include "os/stopwatch.hpp"

namespace fil::cli {
namespace {

constexpr int look_often = 100, look_whenever = 1000;
constexpr double longest_wait = 3;  // for a terminal that takes no more, in seconds

void show(int supervisor, int terminal, const signal_inbox& signals, program_output& output) {
    try {
        view(supervisor, terminal, signals, &output).show();
    } catch (const refusal&) {  // there was nothing to see yet; the report will say why
    }
}

}  // namespace

live_screen::live_screen(descriptor terminal)
    : terminal_(std::move(terminal)),
      as_it_was_(terminal_.get()),
      terminal_of_program_(terminal_.get()),
      end_of_program_(new_pipe()),
      view_closed_(new_pipe()) {}

live_screen::~live_screen() {
    finish();
}

void live_screen::start(const signal_inbox& signals) {
    signals_ = &signals;
    start(part::view);
}

void live_screen::start(part what) {
    const int supervisor = own_pid();
    child_ = start_child([&] {
        end_by_term_with_parent();
        end_of_program_.write.close();  // or nothing would tell that the supervisor is gone
        program_output output(terminal_of_program_, terminal_.get(), end_of_program_.read.get());
        if (what == part::view) show(supervisor, terminal_.get(), *signals_, output);
        write_value(view_closed_.write, '.');
        output.pass_on(*signals_);
    });
    shows_ = child_ > 0 && what == part::view;
    hold_saying(shows_);
}

int live_screen::look() {
    if (child_ > 0 && take_ending(child_)) end_of_child();
    if (shows_ && wait_until_readable({view_closed_.read.get()}, 0)) {
        shows_ = false;
        hold_saying(false);
    }
    return shows_ ? look_often : look_whenever;
}

// Somebody killed it.
void live_screen::end_of_child() {
    const bool was_covered = shows_;
    as_it_was_.restore(was_covered);
    start(part::passing_on);
    if (was_covered) say("The view was killed, and what the program had written under it is lost.");
}

// It may have got the signal as well, with all of our group, and stop by it or have stopped; then
// this one is nothing more. It cannot stop where there is no shell.
void live_screen::stop(int number) const {
    if (child_ <= 0) return;
    signal_child(child_, number);
    for (const stopwatch since; !is_stopped(child_) && since.seconds() < longest_wait;)
        wait_until_readable({}, 5);
}

void live_screen::go_on() const {
    if (child_ > 0) signal_child(child_, SIGCONT);
}

void live_screen::finish() {
    if (child_ <= 0) return;
    write_value(end_of_program_.write, '.');
    bool has_ended = false;
    for (const stopwatch since; !has_ended && since.seconds() < longest_wait;) {
        has_ended = take_ending(child_).has_value();
        if (!has_ended) wait_until_readable({}, 5);
    }
    if (!has_ended) {
        signal_child(child_, SIGKILL);
        wait_for_end(child_);
        as_it_was_.restore(shows_);
    }
    child_ = -1;
    hold_saying(false);
}

}  // namespace fil::cli
