// `fil-profile report`: draws reports again, from what their folders hold.
#pragma once

#include "os/ending.hpp"
#include "start/command_line.hpp"

namespace fil::cli {

// Throws refusal. A reader of stdout that wants no more ends us as it ends any command.
ending redraw(const invocation& asked);

}  // namespace fil::cli
