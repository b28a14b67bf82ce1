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
    heard all;
    const stopwatch time;
    for (;;) {
        char part[65536];
        if (!wait_until_readable({ends.read.get()}, 1000)) {
            if (time.seconds() < seconds) continue;
            all.was_stopped = true;
            signal_child(child.pid, SIGKILL);
        }
        const ssize_t length = ::read(ends.read.get(), part, sizeof part);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) break;
        all.text.append(part, static_cast<std::size_t>(length));
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
