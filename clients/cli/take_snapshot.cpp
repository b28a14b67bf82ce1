#include "take_snapshot.hpp"

#include <cstdio>
#include <optional>

#include "live/visit.hpp"
#include "os/progress.hpp"
#include "os/refusal.hpp"

namespace fil::cli {
namespace {

struct wanted {
    int pid = 0;
    fil_visit_kind kind = FIL_VISIT_REPORT_OF_NOW;
};

wanted parse(const std::vector<std::string>& words) {
    wanted what;
    for (const std::string& word : words) {
        if (word == "--now" || word == "--peak") {
            what.kind = word == "--now" ? FIL_VISIT_REPORT_OF_NOW : FIL_VISIT_REPORT_OF_PEAK;
        } else if (word.starts_with('-')) {
            throw refusal("snapshot has no option " + word + " (see fil-profile snapshot --help)");
        } else if (what.pid != 0) {
            throw refusal("snapshot takes one PID (see fil-profile snapshot --help)");
        } else {
            what.pid = pid_of(word);
        }
    }
    if (what.pid == 0) throw refusal("snapshot of which PID? (see fil-profile snapshot --help)");
    return what;
}

}  // namespace

int snapshot(const invocation& asked) {
    const wanted what = parse(asked.words);
    visit asking(what.pid);
    asking.ask(what.kind);
    progress waiting("waiting for the report");
    visit::answer heard = visit::answer::none_yet;
    while (heard == visit::answer::none_yet) {
        heard = asking.hear(100);
        waiting.look();
    }
    waiting.end();
    if (heard == visit::answer::refused) throw refusal(asking.text(), 1);
    std::printf("%s/index.html\n", asking.text().c_str());
    return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace fil::cli
