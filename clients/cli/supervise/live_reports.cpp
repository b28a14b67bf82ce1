#include "supervise/live_reports.hpp"

namespace fil::cli {
namespace {

constexpr double time_to_ask = 0.02;  // for the program's handler to run, in seconds
constexpr int look_soon = 2, look_whenever = 1000;

std::uint32_t requests_of(const fil_session* session) {
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    return fil_session_read(session, &numbers) == FIL_OK ? numbers.reports_requested : 0;
}

}  // namespace

void live_reports::ask(double seconds) {
    if (!due_) due_ = seconds + time_to_ask;
}

int live_reports::look(const observation& now) {
    if (making_)
        if (const auto outcome = making_->take()) hear(*outcome);
    const bool asked = requests_of(session_) != answered_;
    if (!making_ && (asked || (due_ && now.seconds >= *due_))) start(now);
    return making_ || due_ ? look_soon : look_whenever;
}

void live_reports::finish() {
    if (making_) hear(making_->wait(signals_));
}

void live_reports::start(const observation& now) {
    answered_ = requests_of(session_);
    due_.reset();
    const report_request request(facts_, now);
    making_.emplace(session_, request.contents(), signals_);
}

void live_reports::hear(const report_outcome& outcome) {
    making_.reset();
    told_(outcome);
}

}  // namespace fil::cli
