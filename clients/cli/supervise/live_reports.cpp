#include "supervise/live_reports.hpp"

#include <string_view>
#include <utility>

#include "os/attempt.hpp"
#include "os/ending.hpp"

namespace fil::cli {
namespace {

constexpr double time_to_ask = 0.02;  // for the program's handler to run, in seconds
constexpr int look_soon = 2, look_at_showing = 10, look_whenever = 1000;

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
    if (!making_ && (asked || (due_ && now.seconds >= *due_))) {
        answered_ = requests_of(session_);
        due_.reset();
        start(now, FIL_MOMENT_PEAK);
    }
    receive_visitors(now);
    if (making_ || due_) return look_soon;
    return showing_ > 0 ? look_at_showing : look_whenever;
}

// One report and one look at a time.
void live_reports::receive_visitors(const observation& now) {
    std::uint64_t visit = 0;
    fil_visit_kind kind{};
    while (fil_session_visit(session_, &visit, &kind) == FIL_OK) {
        if (kind == FIL_VISIT_LOOK)
            want_look_.push_back(visit);
        else
            want_report_.push_back(
                {visit, kind == FIL_VISIT_REPORT_OF_NOW ? FIL_MOMENT_NOW : FIL_MOMENT_PEAK});
    }
    if (showing_ > 0 && take_ending(showing_)) showing_ = -1;
    if (showing_ <= 0 && !want_look_.empty()) {
        const std::uint64_t next = want_look_.front();
        want_look_.erase(want_look_.begin());
        show(now, next);
    }
    if (making_ || want_report_.empty()) return;
    const visitor next = want_report_.front();
    want_report_.erase(want_report_.begin());
    made_for_ = next.visit;
    start(now, next.moment);
}

void live_reports::show(const observation& now, std::uint64_t visit) {
    const bool is_begun = attempt("show what is there", [&] {
        const report_request request(facts_, now);
        showing_ = start_showing(session_, visit, request.contents(), signals_);
    });
    constexpr std::string_view why = "there is not enough memory";
    if (!is_begun)
        fil_session_answer_visit(session_, visit, FIL_ERROR_MEMORY, {why.data(), why.size()});
}

void live_reports::finish() {
    if (making_) hear(making_->wait(signals_));
    constexpr std::string_view why = "the program has ended";
    const auto send_away = [&](std::uint64_t visit) {
        fil_session_answer_visit(session_, visit, FIL_ERROR_STATE, {why.data(), why.size()});
    };
    for (const visitor& one : want_report_) send_away(one.visit);
    for (const std::uint64_t visit : want_look_) send_away(visit);
    std::uint64_t visit = 0;
    for (fil_visit_kind kind{}; fil_session_visit(session_, &visit, &kind) == FIL_OK;)
        send_away(visit);
}

void live_reports::start(const observation& now, fil_moment moment) {
    const bool is_begun = attempt("begin a report", [&] {
        const report_request request(facts_, now, moment);
        making_.emplace(session_, request.contents(), signals_);
    });
    if (!is_begun) hear({FIL_ERROR_MEMORY, {}, "it could not be begun"});
}

void live_reports::hear(const report_outcome& outcome) {
    making_.reset();
    if (!made_for_) return told_(outcome);
    const bool is_made = outcome.status == FIL_OK;
    const std::string text =
        is_made ? outcome.path : "the report could not be made: " + outcome.why;
    fil_session_answer_visit(session_, *std::exchange(made_for_, {}), outcome.status,
                             {text.data(), text.size()});
}

}  // namespace fil::cli
