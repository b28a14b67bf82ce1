#include "supervise/signal_relay.hpp"

#include <algorithm>

namespace fil::cli {
namespace {

// In seconds: until what was sent to all has reached all, on a busy machine; and until a witness
// that says nothing (somebody stopped it) is taken to have seen nothing.
constexpr double time_to_spread = 0.1, time_to_answer = 1;
constexpr int look_soon = 2;

// Of what stops and what continues the later takes the earlier back where both are pending: the
// kernel does so with the witness's.
bool takes_back(int later, int earlier) {
    return later == SIGCONT ? is_stop(earlier) : is_stop(later) && earlier == SIGCONT;
}

bool was_seen(signal_bits seen, int number) {
    if (contains(seen, number)) return true;
    for (int other : {SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU})
        if (takes_back(other, number) && contains(seen, other)) return true;
    return false;
}

}  // namespace

bool signal_relay::look(double seconds, const std::function<bool(pid_t)>& is_programs) {
    bool asks_for_report = false;
    for (signalfd_siginfo signal; inbox_.take(signal);) {
        const int number = static_cast<int>(signal.ssi_signo);
        const bool asks = number == SIGUSR2;
        const bool from_program = is_programs(static_cast<pid_t>(signal.ssi_pid));
        asks_for_report |= asks;
        std::erase_if(waiting_, [&](const waiting& before) {
            return takes_back(number, static_cast<int>(before.signal.ssi_signo));
        });
        if (is_job_control(number)) job_control_.hear(signal, seconds);
        waiting_.push_back(
            {signal, !asks && is_for_program(signal, own_pid(), from_program), seconds});
    }
    if (const auto seen = witness_.take_answer()) {
        hear(*seen);
    } else if (asked_ && seconds >= *asked_ + time_to_answer) {
        witness_.wake();
        hear(signal_bits{});
    }
    if (!asked_ && !waiting_.empty() && seconds >= waiting_.front().since + time_to_spread) {
        witness_.ask();
        asked_ = seconds;
    }
    job_control_.look(seconds);
    return asks_for_report;
}

int signal_relay::longest_wait(double seconds) const {
    if (asked_) return look_soon;
    if (waiting_.empty()) return job_control_.longest_wait();
    const double left = waiting_.front().since + time_to_spread - seconds;
    return std::min(std::max(static_cast<int>(1000 * left) + 1, 1), job_control_.longest_wait());
}

// The program may be in another group by now, where nothing reaches it that is sent to ours. Of one
// number, all that came within a moment are one. Of an answer that nobody waits for any more counts
// what was seen.
void signal_relay::hear(signal_bits seen) {
    const bool in_our_group = group_of(child_.pid) == group::ours;
    std::erase_if(waiting_, [&](const waiting& next) {
        const bool is_known =
            in_our_group && was_seen(seen, static_cast<int>(next.signal.ssi_signo));
        const bool is_due = asked_ && next.since + time_to_spread <= *asked_;
        if (is_due && !is_known && next.is_for_program)
            forward(next.signal, child_.pid, child_.ended.get());
        return is_due || is_known;
    });
    asked_.reset();
}

}  // namespace fil::cli
