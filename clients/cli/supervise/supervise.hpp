// The supervisor's wait: from the program's start to its end it lets processes join the session,
// passes signals on, and looks at memory at the pace that pace.hpp sets. Whatever goes wrong in
// that (attempt.hpp), it returns when the program has ended, with its ending.
#pragma once

#include <fil_supervisor.h>

#include <functional>

#include "os/ending.hpp"
#include "os/signals.hpp"
#include "sample/sampler.hpp"
#include "start/launch.hpp"
#include "supervise/job_control.hpp"

namespace fil::cli {

struct observation {
    ending end;
    double seconds = 0;  // how long it ran
    sampler memory;
    std::string last_image;  // what the program was last seen to execute, while nobody had joined
};

// What else is done while the program runs.
struct supervision {
    // Each time round; returns after how many milliseconds it wants to be called again.
    std::function<int(const observation&)> look;
    // SIGUSR2 was sent to us.
    std::function<void(const observation&)> report_signal;
    on_terminal ours = {};
};

observation supervise(const program& child, fil_session* session, const signal_inbox& signals,
                      const supervision& also = {});

}  // namespace fil::cli
