#include "signal_relay.hpp"

#include <unistd.h>

#include <algorithm>

namespace fil::cli {
namespace {

// In seconds: until what was sent to all has reached all, on a busy machine; and until a witness
// that says nothing (somebody stopped it) is taken to have seen nothing.
constexpr double time_to_spread = 0.1, time_to_answer = 1;
constexpr int look_soon = 2, look_whenever = 1000;

}  // namespace

bool signal_relay::look(double seconds, const std::function<bool(pid_t)>& is_programs) {
    bool asks_for_report = false;
    for (signalfd_siginfo signal; inbox_.take(signal);) {
        const bool asks = signal.ssi_signo == SIGUSR2;
        const bool from_program = is_programs(static_cast<pid_t>(signal.ssi_pid));
        asks_for_report |= asks;
        waiting_.push_back(
            {signal, !asks && is_for_program(signal, ::getpid(), from_program), seconds});
    }
    if (asked_) {
        if (const auto seen = witness_.take_answer())
            hear(*seen);
        else if (seconds >= *asked_ + time_to_answer)
            hear(signal_bits{});
    }
    if (!asked_ && !waiting_.empty() && seconds >= waiting_.front().since + time_to_spread) {
        witness_.ask();
        asked_ = seconds;
    }
    return asks_for_report;
}

int signal_relay::longest_wait(double seconds) const {
    if (asked_) return look_soon;
    if (waiting_.empty()) return look_whenever;
    const double left = waiting_.front().since + time_to_spread - seconds;
    return std::max(static_cast<int>(1000 * left) + 1, 1);
}

// The program may be in another group by now, where nothing reaches it that is sent to ours. Of one
// number, all that came within a moment are one.
void signal_relay::hear(signal_bits seen) {
    const bool in_our_group = ::getpgid(child_.pid) == ::getpgrp();
    std::erase_if(waiting_, [&](const waiting& next) {
        const bool was_seen =
            in_our_group && contains(seen, static_cast<int>(next.signal.ssi_signo));
        const bool is_due = next.since + time_to_spread <= *asked_;
        if (is_due && !was_seen && next.is_for_program)
            forward(next.signal, child_.pid, child_.ended.get());
        return is_due || was_seen;
    });
    asked_.reset();
}

}  // namespace fil::cli
