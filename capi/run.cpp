// fil.h, runs: parts of a program, profiled for themselves. Cold, but in the preload library as
// well, so without malloc and exceptions.

#include "fil.h"
#include "process/process_recorder.hpp"
#include "process/session_client.hpp"
#include "structs.hpp"

using namespace fil;

namespace {

fil_status say_wrong_state(fil_error* error, const char* of_a_run) {
    capi::say(error, this_process.records_on_request() ? of_a_run
                                                       : "this process is not recorded on request");
    return FIL_ERROR_STATE;
}

std::string_view cut(fil_text text) {
    return {text.data, text.length < longest_source ? text.length : longest_source};
}

}  // namespace

extern "C" {

fil_status fil_run_begin(const fil_run_options* options, fil_error* error) {
    fil_run_options known{};
    fil_status status = capi::copy_struct(known, options);
    if (status != FIL_OK) {
        capi::say(error, "options of a size that is not known");
        return status;
    }
    status = this_process.begin_run(known);
    if (status == FIL_ERROR_STATE) return say_wrong_state(error, "a run is on already");
    if (status != FIL_OK) {
        capi::say(error, "no room left in the recording");
        return status;
    }
    session_address address;
    if (parse_session_address(this_process.session_text(), address)) say_run_began(address);
    return FIL_OK;
}

fil_status fil_run_end(fil_run_numbers* numbers, fil_error* error) {
    fil_run_numbers found = FIL_RUN_NUMBERS_INIT;
    if (this_process.end_run(found) != FIL_OK) return say_wrong_state(error, "no run is on");
    if (numbers == nullptr) return FIL_OK;
    const fil_status status = capi::fill_struct(numbers, found);
    if (status != FIL_OK) capi::say(error, "numbers: struct_size is not set");
    return status;
}

fil_status fil_run_report(fil_error* error) {
    session_address address;
    if (!this_process.records_on_request() ||
        !parse_session_address(this_process.session_text(), address)) {
        return say_wrong_state(error, "there is no supervisor");
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
    const guarded_scope guarded(this_thread.guard);
    recorder->memory().add_source(cut(file), cut(text));
}

}  // extern "C"
