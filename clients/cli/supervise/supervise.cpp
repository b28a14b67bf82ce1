#include "supervise/supervise.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "os/attempt.hpp"
#include "os/last_resort.hpp"
#include "os/message.hpp"
#include "os/readable.hpp"
#include "os/small_file.hpp"
#include "os/stopwatch.hpp"
#include "sample/pace.hpp"
#include "supervise/signal_relay.hpp"

namespace fil::cli {
namespace {

std::string image_of(pid_t pid) {
    std::error_code error;
    return std::filesystem::read_symlink(file_of_process(pid, "exe"), error).string();
}

}  // namespace

// Each step by itself: what cannot be done is done without, or next time.
observation supervise(const program& child, fil_session* session, const signal_inbox& signals,
                      const supervision& also) {
    constexpr int try_again = 20;
    constexpr const char* look_after = "look after the program as it should";
    const stopwatch time;
    pace steps;
    observation seen{{}, 0, sampler(session, child.pid), {}};
    std::optional<signal_relay> relay;
    const auto is_programs = [&](pid_t pid) { return seen.memory.knows(pid); };

    std::optional<ending> end;
    int longest_wait = 1000;
    while (!end) {
        attempt(look_after, [&] {
            if (seen.memory.anybody_joined()) return;
            if (std::string image = image_of(child.pid); !image.empty()) seen.last_image = image;
        });
        if (!relay) attempt("pass on signals", [&] { relay.emplace(signals, child, also.ours); });
        const int wait =
            std::min({steps.milliseconds(time.seconds(), seen.memory.seconds_for_details()),
                      seen.memory.longest_wait(), longest_wait,
                      relay ? relay->longest_wait(time.seconds()) : try_again});
        wait_until_readable(
            {child.ended.get(), fil_session_descriptor(session), signals.poll_descriptor()}, wait);
        end = take_ending(child.pid);
        if (end) {
            let_go_of_program(*end);
            fil_session_process_ended(session, child.pid);
        }
        fil_session_serve(session);
        attempt(look_after, [&] { seen.memory.tick(time.seconds()); });
        seen.seconds = time.seconds();
        attempt("pass on signals", [&] {
            if (relay && relay->look(seen.seconds, is_programs) && also.report_signal)
                also.report_signal(seen);
        });
        go_on_saying();
        longest_wait = try_again;
        attempt(look_after, [&] {
            if (also.look && !end) longest_wait = also.look(seen);
        });
    }
    seen.end = *end;
    seen.seconds = time.seconds();
    attempt(look_after, [&] { seen.memory.wait_for_others(100); });
    return seen;
}

}  // namespace fil::cli
