// Reports of a program that runs on: on SIGUSR2, to the program or to us, and for visitors
// (`fil-profile snapshot`), any number of times. Each is made by a child, as the one at the end is
// (report.hpp), while the supervisor goes on looking; another shows visitors what is there now
// (`fil-profile live`).
//
// A signal to the program is answered in the program, which then asks the session and waits until
// its counters are copied. One to us the program is not told of: it may have an action of its own,
// and a signal would wake it from a sleep. Its counters are copied as it runs.
#pragma once

#include <fil_supervisor.h>

#include <functional>
#include <optional>
#include <vector>

#include "supervise/report.hpp"
#include "supervise/report_request.hpp"

namespace fil::cli {

class live_reports {
  public:
    using listener = std::function<void(const report_outcome&)>;

    // All outlive this object. `told` hears of each report that was made, or could not be, but for
    // those of visitors, who hear of it themselves.
    live_reports(fil_session* session, const program_facts& facts, const signal_inbox& signals,
                 listener told)
        : session_(session), facts_(facts), signals_(signals), told_(std::move(told)) {}

    // Somebody sent SIGUSR2 to us. If the program got it as well and asks a moment later, one
    // report is enough.
    void ask(double seconds);

    // Starts the report that is due; hears of one that is finished. Never blocks. Returns after how
    // many milliseconds it wants to look again.
    int look(const observation& now);

    // The program ended: waits for the one that is being made, and sends visitors away.
    void finish();

  private:
    void receive_visitors(const observation& now);
    void start(const observation& now, fil_moment moment);
    void show(const observation& now, std::uint64_t visit);
    void hear(const report_outcome& outcome);

    fil_session* session_;
    const program_facts& facts_;
    const signal_inbox& signals_;
    listener told_;

    std::uint32_t answered_ = 0;  // requests of the program's, so far
    std::optional<double> due_;   // a request of our own, in seconds since the start
    std::optional<report_in_the_making> making_;
    struct visitor {
        std::uint64_t visit;
        fil_moment moment;
    };
    std::optional<std::uint64_t> made_for_;  // the visit; none: who sent a signal
    std::vector<visitor> want_report_;
    std::vector<std::uint64_t> want_look_;
    pid_t showing_ = -1;  // to one of them
};

}  // namespace fil::cli
