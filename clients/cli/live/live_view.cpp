#include "live/live_view.hpp"

#include <algorithm>
#include <csignal>

#include "fil/report/characters.hpp"
#include "os/readable.hpp"
#include "os/refusal.hpp"
#include "sample/pace.hpp"

namespace fil::cli {
namespace {

constexpr double rarest = 30, usual = 1, waits_a_cost = 30;
constexpr int while_asked = 20, otherwise = 200;  // milliseconds

// The process that was named, or, of a supervisor, the program.
std::string title_of(const looks& seen, int pid) {
    const std::vector<shown_row> all = seen.rows(FIL_LOOK_PROCESSES, row_order::by_size);
    const auto named = std::ranges::find(all, pid, &shown_row::pid);
    if (named == all.end() && all.size() != 1) return "PID " + std::to_string(pid);
    const shown_row& shown = named == all.end() ? all.front() : *named;
    return shown.text + " (" + std::to_string(shown.pid) + ")";
}

}  // namespace

view::view(int pid, int terminal, const signal_inbox& signals, kept_output* output)
    : pid_(pid),
      signals_(signals),
      output_(output),
      terminal_(terminal),
      looking_(pid),
      screen_(terminal) {
    state_.title = "PID " + std::to_string(pid);
    state_.keeps_output = output != nullptr;
    state_.ascii = screen_.is_ascii();
}

view_result view::show() {
    while (!is_over_) {
        if (!is_asked_ && time_.seconds() >= next_) ask_for_look();
        if (!is_drawn_) draw();
        wait();
        if (output_ != nullptr) {
            output_->take();
            std::vector<std::string> lines = output_->last_lines();
            is_drawn_ = is_drawn_ && lines == state_.output;
            state_.output = std::move(lines);
            if (output_->is_over()) {
                is_over_ = true;
                result_ = {view_end::by_program, 0, {}};
                break;
            }
        }
        if (!hear_signals()) break;
        hear_keys();
        if (is_asked_) hear_looks();
        if (reporting_) hear_reports();
    }
    screen_.leave();
    return result_;
}

void view::ask_for_look() {
    used_ = cpu_seconds();
    try {
        looking_.ask(FIL_VISIT_LOOK);
        is_asked_ = true;
    } catch (const refusal& refused) {
        end_by_program(refused.what());
    }
}

void view::end_by_program(const std::string& why) {
    if (seen_.are_none()) {
        screen_.leave();
        throw refusal(why, 1);
    }
    is_over_ = true;
    result_ = {view_end::by_program, 0, why};
}

void view::wait() {
    const bool waits = is_asked_ || reporting_;
    const double left = 1000 * (next_ - time_.seconds());
    const int longest = waits ? while_asked : std::clamp(static_cast<int>(left), 1, otherwise);
    wait_until_readable(
        {terminal_, signals_.poll_descriptor(), output_ ? output_->descriptor() : -1}, longest);
}

void view::hear_looks() {
    const visit::answer heard = looking_.hear(1);
    if (heard == visit::answer::none_yet) return;
    is_asked_ = is_drawn_ = false;
    if (heard == visit::answer::refused) return end_by_program(looking_.text());
    seen_.take(looking_.look());
    state_.title = title_of(seen_, pid_);
    const double cost = cpu_seconds() - used_;
    next_ = time_.seconds() + std::clamp(waits_a_cost * cost, usual, rarest);
}

void view::hear_reports() {
    const visit::answer heard = reporting_->hear(1);
    if (heard == visit::answer::none_yet) return;
    is_drawn_ = false;
    const bool is_made = heard == visit::answer::here;
    state_.told = is_made ? "report: " : "no report: " + reporting_->text();
    state_.told_path = is_made ? reporting_->text() + "/index.html" : "";
    reporting_.reset();
}

void view::ask_for_report(fil_visit_kind kind) {
    if (reporting_) return;
    try {
        reporting_.emplace(pid_);
        reporting_->ask(kind);
        state_.told_path.clear();
        state_.told = kind == FIL_VISIT_REPORT_OF_NOW ? "writing a report of now ..."
                                                      : "writing a report of the peak so far ...";
    } catch (const refusal& refused) {
        reporting_.reset();
        state_.told = std::string("no report: ") + refused.what();
    }
}

void view::hear_keys() {
    char letter = 0;
    for (key pressed; (pressed = screen_.take(letter)) != key::none;) {
        press(pressed, letter);
        is_drawn_ = false;
    }
}

void view::press(key pressed, char letter) {
    if (pressed == key::other && letter == 'q') {
        is_over_ = true;
        return;
    }
    if (state_.shows_help) {
        state_.shows_help = false;
        return;
    }
    if (!reporting_) state_.told.clear();
    const std::size_t page =
        std::max<std::size_t>(list_rows(state_, {screen_.columns(), screen_.rows()}), 1);
    const auto choose = [&](fil_look_list list) {
        if (list != state_.list) state_.selected = state_.first = 0;
        state_.list = list;
        state_.shows_detail = false;
    };
    const auto up = [&](std::size_t rows) { state_.selected -= std::min(rows, state_.selected); };
    switch (pressed) {
        case key::up:
            return up(1);
        case key::page_up:
            return up(page);
        case key::down:
            ++state_.selected;
            return;
        case key::page_down:
            state_.selected += page;
            return;
        case key::home:
            state_.selected = 0;
            return;
        case key::end:
            state_.selected = static_cast<std::size_t>(-1) / 2;
            return;
        case key::enter:
            state_.shows_detail = !state_.shows_detail;
            return;
        case key::tab:
            return choose(static_cast<fil_look_list>((state_.list + 1) % 3));
        default:
            break;
    }
    switch (letter) {
        case '1':
        case '2':
        case '3':
            return choose(static_cast<fil_look_list>(letter - '1'));
        case '?':
        case 'h':
            state_.shows_help = true;
            return;
        case 'o':
            state_.order =
                state_.order == row_order::by_size ? row_order::by_growth : row_order::by_size;
            return;
        case 's':
            return ask_for_report(FIL_VISIT_REPORT_OF_NOW);
        case 'S':
            return ask_for_report(FIL_VISIT_REPORT_OF_PEAK);
        case 'k':
            return up(1);
        case 'j':
            ++state_.selected;
            return;
        case 27:  // Escape
            state_.shows_detail = false;
            return;
        default:
            return;
    }
}

// Of a program that we started, Ctrl-C and Ctrl-\ are its own affair.
bool view::hear_signals() {
    for (signalfd_siginfo signal; signals_.take(signal);) {
        const int number = static_cast<int>(signal.ssi_signo);
        const bool is_programs = number == SIGINT || number == SIGQUIT;
        if (number == SIGWINCH) {
            screen_.resize();
            if (output_ != nullptr) output_->resize();
        }
        if (is_stop(number)) stop_by(number);
        is_drawn_ = false;
        if (number != SIGTERM && number != SIGHUP && !is_programs) continue;
        if (is_programs && output_ != nullptr) continue;
        result_ = {view_end::by_signal, number, {}};
        return false;
    }
    return true;
}

void view::stop_by(int number) {
    screen_.leave();
    stop_ourselves(number, [] { return true; });
    screen_.come_back();
    next_ = 0;
}

void view::draw() {
    const auto page = page_of(seen_, state_, {screen_.columns(), screen_.rows()});
    screen_.begin();
    for (unsigned row = 0; row < page.size(); ++row) {
        unsigned column = 0;
        for (const piece& one : page[row]) {
            screen_.put(row, column, one.text, static_cast<terminal_screen::look>(one.how));
            column += static_cast<unsigned>(report::cells(one.text));
        }
    }
    screen_.show();
    is_drawn_ = true;
}

}  // namespace fil::cli
