#include "live.hpp"

#include "fil/report/mib_text.hpp"
#include "live/live_view.hpp"
#include "os/ending.hpp"
#include "os/message.hpp"
#include "os/refusal.hpp"

namespace fil::cli {

int live(const invocation& asked) {
    if (asked.words.size() != 1) throw refusal("live takes one PID (see fil-profile live --help)");
    const int pid = pid_of(asked.words.front());
    const descriptor terminal = open_own_terminal();
    const std::string why_not = why_no_screen(terminal.get());
    if (!why_not.empty()) throw refusal("no view: " + why_not);
    const signal_inbox signals;
    view_result end;
    fil_look last = FIL_LOOK_INIT;
    {
        view shown(pid, terminal.get(), signals, nullptr);
        end = shown.show();
        last = shown.seen().newest();
    }
    if (end.why == view_end::by_signal) end_like({FIL_ENDING_SIGNAL, end.signal});
    if (end.why == view_end::by_program)
        say("End of the view: " + end.text + "; the peak was " + report::size_text(last.peak) + ".",
            worth::news);
    return 0;
}

}  // namespace fil::cli
