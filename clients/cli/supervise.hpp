// The supervisor's wait: from the program's start to its end it lets processes join the session,
// passes signals on, and looks at memory every few milliseconds. It wakes more often at first (a
// short run deserves a picture) and at most every 20 ms later, so it costs well under 1 % of a
// core.
#pragma once

#include <fil.h>

#include "ending.hpp"
#include "launch.hpp"
#include "sampler.hpp"
#include "signals.hpp"

namespace fil::cli {

struct observation {
    ending end;
    double seconds = 0;  // how long it ran
    sampler memory;
    std::string last_image;  // what the program was last seen to execute, while nobody had joined
};

observation supervise(const program& child, fil_session* session, const signal_inbox& signals);

// How long to wait until the next look, after so many seconds of running. Pure.
int milliseconds_to_next_look(double seconds);

}  // namespace fil::cli
