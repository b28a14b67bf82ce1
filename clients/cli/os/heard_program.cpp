#include "os/heard_program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "os/pipe.hpp"
#include "os/readable.hpp"
#include "os/refusal.hpp"
#include "os/stopwatch.hpp"

namespace fil::cli {

heard hear_program(const program_image& what, const descriptor& kept, int seconds) {
    pipe_ends ends = new_pipe();
    if (!ends.read) throw refusal(too_few_descriptors());
    const started child = start_program(what, [&] {
        ::dup2(ends.write.get(), STDOUT_FILENO);
        ::dup2(ends.write.get(), STDERR_FILENO);
        ::fcntl(kept.get(), F_SETFD, 0);
    });
    if (child.pid < 0) throw refusal("cannot start " + what.path + ": " + std::strerror(child.why));
    ends.write.close();
    constexpr std::size_t most = 64 << 20;
    heard all;
    const stopwatch time;
    for (;;) {
        char part[65536];
        const bool is_readable = wait_until_readable({ends.read.get()}, 1000);
        if (!all.was_stopped && (time.seconds() >= seconds || all.text.size() > most)) {
            all.was_stopped = true;
            signal_child(child.pid, SIGKILL);
        }
        if (!is_readable && !all.was_stopped) continue;
        const ssize_t length = ::read(ends.read.get(), part, sizeof part);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) break;
        if (all.text.size() <= most) all.text.append(part, static_cast<std::size_t>(length));
    }
    for (;;) {
        if (const auto end = take_ending(child.pid)) {
            all.end = *end;
            return all;
        }
        wait_until_readable({}, 1);
    }
}

}  // namespace fil::cli
