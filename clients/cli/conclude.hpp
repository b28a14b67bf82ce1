// What is said and written when the program that was run has ended. Each step is an attempt
// (os/attempt.hpp): one that fails takes no other with it, and a report that cannot be made leaves
// the recordings as files.
#pragma once

#include <fil_supervisor.h>

#include <optional>
#include <string_view>

#include "os/ending.hpp"
#include "os/signals.hpp"
#include "start/command_line.hpp"
#include "supervise/out_of_memory.hpp"
#include "supervise/report_request.hpp"
#include "supervise/supervise.hpp"

namespace fil::cli {

struct concluded {
    fil_session* session;
    const invocation& asked;
    const program_facts& facts;
    const signal_inbox& signals;
    std::optional<out_of_memory>& memory;
};

// Returns how fil-profile itself is to end: like the program, but where the kernel killed that for
// want of memory.
ending conclude(const concluded& what, observation& seen);

// Where there is no report: as files, with a line that names them.
void keep_what_was_recorded(fil_session* session, pid_t program, std::string_view why_no_report);

void say_written(const report_outcome& report);

}  // namespace fil::cli
