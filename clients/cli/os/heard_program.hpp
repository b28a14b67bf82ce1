// A program that is started to be heard: everything it writes, to stdout and stderr, and how it
// ends.
#pragma once

#include <string>

#include "os/child.hpp"
#include "os/descriptor.hpp"
#include "os/ending.hpp"

namespace fil::cli {

struct heard {
    std::string text;
    ending end;
    bool was_stopped =
        false;  // it took longer than `seconds`, or wrote without end, and was killed
};

// `kept` stays open in it. Throws refusal if it cannot be started.
heard hear_program(const program_image& what, const descriptor& kept, int seconds);

}  // namespace fil::cli
