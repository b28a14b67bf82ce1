#include "process/run_control.hpp"

#include "fil/recording/at_peak.hpp"
#include "os/os.hpp"

namespace fil {

bool run_control::begin(process_recorder& events, const fil_run_options& options) {
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
    return true;
}

void run_control::end(process_recorder& events, fil_run_numbers& numbers) {
    auto* run = events.memory().at<run_record>(events.header().run_page);
    run->on.store(0, std::memory_order_release);
    events.header().memory_is_low.store(0);  // what happens between runs ends nobody
    // The run's, and what its threads have not published.
    numbers.live = run->page.live.load(std::memory_order_relaxed) + events.view().pending();
    numbers.peak = used_at_peak(events.view(), run->page, run->root);
}

}  // namespace fil
