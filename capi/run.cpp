// fil.h, runs: parts of a program, profiled for themselves. Cold, but in the preload library as
// well, so without malloc and exceptions.

#include "fil.h"
#include "process/process_entry.hpp"
#include "process/session_client.hpp"
#include "structs.hpp"

using namespace fil;

namespace {

fil_status say_why(fil_error* error, fil_status status) {
    switch (status) {
        case FIL_OK:
            break;
        case FIL_ERROR_NO_SESSION:
            capi::say(error, "this program was not started by fil-profile");
            break;
        case FIL_ERROR_WHOLE_PROGRAM:
            capi::say(error, "all of this program is recorded: it has no parts");
            break;
        case FIL_ERROR_IN_RUN:
            capi::say(error, "another run is on");
            break;
        case FIL_ERROR_NOT_RECORDED:
            capi::say(error, "this process is a child of the one that is recorded on request");
            break;
        case FIL_ERROR_MEMORY:
            capi::say(error, "no memory, or too little address space, for a recording");
            break;
        case FIL_ERROR_SYSTEM:
            capi::say(error, "the session could not be joined");
            break;
        default:
            capi::say(error, "no run is on, or the recorder was stopped");
            break;
    }
    return status;
}

std::string_view cut(fil_text text) {
    return {text.data, text.length < longest_source ? text.length : longest_source};
}

}  // namespace

extern "C" {

fil_status fil_run_check(fil_error* error) {
    return say_why(error, this_process.runs().check());
}

fil_status fil_run_begin(const fil_run_options* options, fil_error* error) {
    fil_run_options known{};
    fil_status status = capi::copy_struct(known, options);
    if (status != FIL_OK) {
        capi::say(error, "options of a size that is not known");
        return status;
    }
    status = this_process.runs().check();
    if (status != FIL_OK) return say_why(error, status);
    status = this_process.runs().begin(known);
    if (status == FIL_ERROR_MEMORY) {
        capi::say(error, "no room left in the recording");
        return status;
    }
    if (status != FIL_OK) return say_why(error, status);
    session_address address;
    if (parse_session_address(this_process.recording().session_text(), address))
        say_run_began(address);
    return FIL_OK;
}

fil_status fil_run_end(fil_run_numbers* numbers, fil_error* error) {
    fil_run_numbers found = FIL_RUN_NUMBERS_INIT;
    fil_status status = this_process.runs().end(found);
    if (status != FIL_OK) return say_why(error, status);
    if (numbers == nullptr) return FIL_OK;
    status = capi::fill_struct(numbers, found);
    if (status != FIL_OK) capi::say(error, "numbers: struct_size is not set");
    return status;
}

fil_status fil_run_report(fil_error* error) {
    const fil_status status = this_process.runs().check();
    if (status != FIL_OK && status != FIL_ERROR_IN_RUN) return say_why(error, status);
    session_address address;
    if (!parse_session_address(this_process.recording().session_text(), address)) {
        capi::say(error, "there is no supervisor");
        return FIL_ERROR_NO_SESSION;
    }
    report_reply reply{};
    if (!ask_for_report(address, reply)) {
        capi::say(error, "fil-profile does not answer any more");
        return FIL_ERROR_SYSTEM;
    }
    reply.message[sizeof reply.message - 1] = 0;
    if (reply.status != FIL_OK) capi::say(error, reply.message);
    return static_cast<fil_status>(reply.status);
}

void fil_recorder_add_source(fil_text file, fil_text text) {
    this_process.running();  // a forked child starts its own
    process_recorder* recorder = this_process.idle_or_running();
    if (recorder == nullptr) return;
    const raised_guard inside(this_thread.guard);
    recorder->memory().add_source<linux_system>(cut(file), cut(text));
}

}  // extern "C"
