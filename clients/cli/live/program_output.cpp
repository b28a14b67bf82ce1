#include "live/program_output.hpp"

#include <algorithm>

#include "fil/report/mib_text.hpp"
#include "os/message.hpp"
#include "os/readable.hpp"
#include "os/transfer.hpp"

namespace fil::cli {
namespace {

constexpr std::size_t most_lines = 16, looked_at = 16 << 10;

// What begins with an escape: "\033[31m", "\033]0;title\007", "\033(B". How many bytes.
std::size_t length_of_escape(std::string_view text) {
    if (text.size() < 2) return text.size();
    std::size_t at = 2;
    if (text[1] == '[') {
        while (at < text.size() && (text[at] < '@' || text[at] > '~')) ++at;
        return std::min(at + 1, text.size());
    }
    if (text[1] == ']') {
        while (at < text.size() && text[at] != '\007' && text[at] != '\033') ++at;
        return std::min(at + 1, text.size());
    }
    return text[1] == '(' || text[1] == ')' ? std::min<std::size_t>(3, text.size()) : 2;
}

}  // namespace

std::vector<std::string> last_lines_of(std::string_view text, std::size_t most) {
    std::vector<std::string> lines(1);
    bool starts_again = false;  // after '\r', which a line's end may follow
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '\033') {
            at += length_of_escape(text.substr(at));
            continue;
        }
        ++at;
        if (c == '\n') {
            lines.emplace_back();
        } else if (c != '\r') {
            if (starts_again) lines.back().clear();
            if (c == '\b' && !lines.back().empty())
                lines.back().pop_back();
            else if (c != '\b')
                lines.back() += c == '\t' ? ' ' : c;
        }
        starts_again = c == '\r';
    }
    if (lines.back().empty()) lines.pop_back();
    if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<long>(most));
    return lines;
}

void program_output::take() {
    read_at_once(from_.output(), kept_);
    if (kept_.size() <= most_kept) return;
    const std::size_t too_much = kept_.size() - most_kept / 2;
    const std::size_t cut = std::min(kept_.find('\n', too_much), kept_.size() - 1) + 1;
    dropped_ += cut;
    kept_.erase(0, cut);
}

std::vector<std::string> program_output::last_lines() const {
    const std::string_view all = kept_;
    return last_lines_of(all.substr(all.size() - std::min(all.size(), looked_at)), most_lines);
}

bool program_output::is_over() const {
    return wait_until_readable({end_of_program_}, 0);
}

bool program_output::write_kept() {
    if (dropped_ > 0) {
        const std::string note = message_line(
            "Of what the program wrote, the first " +
            report::size_text(static_cast<std::int64_t>(dropped_)) + " were not kept.");
        write_all(terminal_, note);
        dropped_ = 0;
    }
    const bool is_written = write_all(terminal_, kept_);
    kept_.clear();
    return is_written;
}

void program_output::pass_on(const signal_inbox& signals) {
    for (bool is_last = false; !is_last;) {
        is_last = is_over();  // then what is there by now is all
        take();
        write_kept();
        for (signalfd_siginfo signal; signals.take(signal);) {
            const int number = static_cast<int>(signal.ssi_signo);
            if (number == SIGWINCH) resize();
            if (is_stop(number)) stop_ourselves(number, [] { return true; });
        }
        if (!is_last)
            wait_until_readable({from_.output(), end_of_program_, signals.poll_descriptor()}, -1);
    }
}

}  // namespace fil::cli
