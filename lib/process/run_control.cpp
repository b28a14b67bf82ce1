#include "process/run_control.hpp"

#include <stdlib.h>

#include "fil/recording/at_peak.hpp"
#include "os/os.hpp"
#include "process/process_life.hpp"
#include "process/session_protocol.hpp"

namespace fil {

fil_status run_control::check() const {
    process_life& process = this_process;
    if (!process.is_started()) {
        const char* session = getenv(session_variable);
        const bool is_there = session != nullptr && session[0] != 0;
        return is_there ? FIL_ERROR_NOT_RECORDED : FIL_ERROR_NO_SESSION;
    }
    if (process.is_stopped()) return FIL_ERROR_STATE;
    if (!process.records_on_request()) return FIL_ERROR_WHOLE_PROGRAM;
    process.running();  // a forked child learns that it is one
    switch (process.states().now()) {
        case process_state::idle:
            return FIL_OK;
        case process_state::unrecorded:
            return process.is_where_it_started() ? process.why_unrecorded()
                                                 : FIL_ERROR_NOT_RECORDED;
        case process_state::closed:
            return FIL_ERROR_STATE;
        default:
            return FIL_ERROR_IN_RUN;
    }
}

fil_status run_control::begin(const fil_run_options& options) {
    process_states& states = this_process.states();
    if (states.change(process_state::idle, process_state::starting) != process_state::idle)
        return FIL_ERROR_IN_RUN;
    if (!open(options)) {
        states.be(process_state::idle);
        return FIL_ERROR_MEMORY;
    }
    this_process.sources().run_changed(true);
    states.record_by(this_process.recorder());
    return FIL_OK;
}

fil_status run_control::end(fil_run_numbers& numbers) {
    const fil_status status = check();
    if (status != FIL_ERROR_IN_RUN) return status == FIL_OK ? FIL_ERROR_STATE : status;
    process_states& states = this_process.states();
    if (states.change(process_state::running, process_state::starting) != process_state::running)
        return FIL_ERROR_STATE;
    states.ignore_events();
    this_process.sources().run_changed(false);
    process_recorder& events = this_process.recorder();
    auto* run = events.memory().at<run_record>(events.header().run_page);
    run->on.store(0, std::memory_order_release);
    events.header().memory_is_low.store(0);  // what happens between runs ends nobody
    // The run's, and what its threads have not published.
    numbers.live = run->page.live.load(std::memory_order_relaxed) + events.view().pending();
    numbers.peak = used_at_peak(events.view(), run->page, run->root);
    states.be(process_state::idle);
    return FIL_OK;
}

bool run_control::open(const fil_run_options& options) {
    process_recorder& events = this_process.recorder();
    recording_memory& memory = events.memory();
    page_number& page = events.header().run_page;
    if (page == page_number::none) page = memory.take(1);
    const callstack_id root =
        events.tree().child(callstack_id::unknown, function_id::none, ++runs_);
    if (page == page_number::none || root == callstack_id::unknown) return false;
    auto* run = memory.at<run_record>(page);
    events.start_over(events.words().started_on(run->page), root);
    run->root.store(root, std::memory_order_release);
    const auto copy = [&](fil_text text) {
        return memory.add_text<linux_system>(text.data, text.length);
    };
    run->directory = copy(options.directory);
    run->first_file = copy(options.first_file);
    run->first_function = copy(options.first_function);
    run->title = copy(options.title);
    run->started_ns = os::nanoseconds_since_1970();
    run->on.store(1, std::memory_order_release);
    this_process.sources().begin_at(root);
    this_process.generation().raise();
    return true;
}

}  // namespace fil
