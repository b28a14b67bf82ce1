// fil-profile: the supervisor. It starts the program, waits, and has the report made; what happens
// inside the program is the preload library's affair, and the two meet in fil.h only.
#include <cstdio>
#include <exception>

#include "compare_allocators.hpp"
#include "doctor.hpp"
#include "live.hpp"
#include "os/ending.hpp"
#include "os/last_resort.hpp"
#include "os/message.hpp"
#include "os/refusal.hpp"
#include "os/standard_descriptors.hpp"
#include "plain_python.hpp"
#include "record.hpp"
#include "redraw.hpp"
#include "replay_trace.hpp"
#include "run.hpp"
#include "start/command_line.hpp"
#include "synthesize.hpp"
#include "take_snapshot.hpp"
#include "target/preload_library.hpp"
#include "understand.hpp"

namespace {

using namespace fil::cli;

// For whom starts programs without us: what stands for a path that LD_PRELOAD cannot hold stays.
int print_preload_path() {
    preload_library library;
    library.leave_link();
    std::puts(library.path().c_str());
    return std::fflush(stdout) == 0 ? 0 : 1;
}

ending do_what_is_asked(const invocation& asked) {
    if (asked.verb == "python") become_python(asked);
    if (asked.verb == "preload-path") return {FIL_ENDING_EXIT, print_preload_path()};
    if (asked.verb == "doctor") return {FIL_ENDING_EXIT, doctor(asked)};
    if (asked.verb == "report") return redraw(asked);
    if (asked.verb == "replay") return {FIL_ENDING_EXIT, replay(asked)};
    if (asked.verb == "synthesize") return {FIL_ENDING_EXIT, synthesize(asked)};
    if (asked.verb == "understand") return {FIL_ENDING_EXIT, understand(asked)};
    if (asked.verb == "compare-allocators") return {FIL_ENDING_EXIT, compare_allocators(asked)};
    if (asked.verb == "record") return record(asked);
    if (asked.verb == "live") return {FIL_ENDING_EXIT, live(asked)};
    if (asked.verb == "snapshot") return {FIL_ENDING_EXIT, snapshot(asked)};
    return run(asked);
}

}  // namespace

int main(int argc, char** argv) {
    be_ready_for_the_worst();
    hold_standard_descriptors();
    ending end{FIL_ENDING_EXIT, 0};
    try {
        const invocation asked = parse_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
        if (asked.verb.empty()) {
            std::fputs(asked.shown.c_str(), stdout);
            return std::fflush(stdout) == 0 ? 0 : 1;
        }
        if (asked.quiet) be_quiet();
        end = do_what_is_asked(asked);
    } catch (const refusal& refused) {
        say(refused.what());
        end.value = refused.status;
    } catch (const std::exception& error) {
        say(std::string("fil-profile failed: ") + error.what());
        end.value = status_usage;
    }
    finish_saying();
    end_like(end);
}
