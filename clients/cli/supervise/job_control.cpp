#include "supervise/job_control.hpp"

#include "os/process.hpp"

namespace fil::cli {
namespace {

// In seconds: until a program has tidied up, its screen say, and stops.
constexpr double time_to_stop = 5;
constexpr int look_soon = 5, look_whenever = 1000;

}  // namespace

void job_control::hear(const signalfd_siginfo& signal, double seconds) {
    const int number = static_cast<int>(signal.ssi_signo);
    stop_.reset();
    if (is_stop(number)) stop_ = heard{number, signal.ssi_code == SI_KERNEL, seconds};
}

void job_control::look(double seconds) {
    if (!stop_) return;
    // In a group of its own it does not get what the terminal sends to ours, nor do we pass it on.
    const bool is_elsewhere = group_of(program_) == group::another;
    const auto is_due = [&] {
        return (stop_->from_terminal && is_elsewhere) || is_stopped(program_);
    };
    if (is_due()) {
        ours_.leave(stop_->number);
        stop_ourselves(stop_->number, is_due);
        ours_.come_back();
        stop_.reset();
    } else if (seconds >= stop_->since + time_to_stop) {
        stop_.reset();
    }
}

int job_control::longest_wait() const {
    return stop_ ? look_soon : look_whenever;
}

}  // namespace fil::cli
