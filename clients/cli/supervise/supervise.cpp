#include "supervise/supervise.hpp"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

#include "os/message.hpp"
#include "os/stopwatch.hpp"
#include "sample/pace.hpp"
#include "supervise/signal_relay.hpp"

namespace fil::cli {
namespace {

std::string image_of(pid_t pid) {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error).string();
}

}  // namespace

void take_all_that_is_allowed() {
    for (const auto what : {RLIMIT_NOFILE, RLIMIT_AS}) {
        struct rlimit limit;
        if (::getrlimit(what, &limit) != 0) continue;
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(what, &limit);
    }
}

observation supervise(const program& child, fil_session* session, const signal_inbox& signals,
                      const supervision& also) {
    const stopwatch time;
    pace steps;
    observation seen{{}, 0, sampler(session, child.pid), {}};
    signal_relay relay(signals, child);
    const auto is_programs = [&](pid_t pid) { return seen.memory.knows(pid); };

    pollfd waits[] = {{child.ended.get(), POLLIN, 0},
                      {fil_session_descriptor(session), POLLIN, 0},
                      {signals.poll_descriptor(), POLLIN, 0}};
    std::optional<ending> end;
    int longest_wait = 1000;
    while (!end) {
        if (!seen.memory.anybody_joined())
            if (std::string image = image_of(child.pid); !image.empty()) seen.last_image = image;
        const int wait = std::min(
            {steps.milliseconds(time.seconds()), longest_wait, relay.longest_wait(time.seconds())});
        ::poll(waits, std::size(waits), wait);
        end = take_ending(child.pid);
        if (end) fil_session_process_ended(session, child.pid);
        fil_session_serve(session);
        seen.memory.tick(time.seconds());
        seen.seconds = time.seconds();
        if (relay.look(seen.seconds, is_programs) && also.report_signal) also.report_signal(seen);
        go_on_saying();
        if (also.look && !end) longest_wait = also.look(seen);
    }
    seen.end = *end;
    seen.seconds = time.seconds();
    seen.memory.wait_for_others(100);
    return seen;
}

}  // namespace fil::cli
