#include "supervise/run_watch.hpp"

#include <algorithm>

namespace fil::cli {

run_watch::run_watch(fil_session* session, pid_t program, out_of_memory* memory)
    : session_(session),
      program_(program),
      memory_(memory),
      seen_{{}, 0, sampler(session, program, sampler::part::run), {}} {}

std::optional<int> run_watch::look(const out_of_memory::reporter& make) {
    const fil_process program = now();
    if (program.run_started_ns != started_ns_) begin(program.run_started_ns);
    const bool is_on = program.run_on != 0 && program.closed == 0;
    if (is_on) tick();
    if (memory_ != nullptr) {
        if (is_on)
            memory_->judge(seen_.memory);
        else
            memory_->calm();
        memory_->hear(make);
    }
    if (!is_on) return std::nullopt;
    const int wait =
        std::min(steps_.milliseconds(seen_.seconds, seen_.memory.seconds_for_details()),
                 seen_.memory.longest_wait());
    return memory_ == nullptr ? wait : std::min(wait, memory_->longest_wait());
}

void run_watch::look_once_more() {
    if (seen_.seconds > 0) tick();
}

bool run_watch::is_to_report() const {
    return now().run_on != 0 && !(memory_ != nullptr && memory_->program_is_reported());
}

// Of its last image.
fil_process run_watch::now() const {
    fil_session_numbers numbers = FIL_SESSION_NUMBERS_INIT;
    fil_session_read(session_, &numbers);
    fil_process process = FIL_PROCESS_INIT;
    for (std::size_t number = numbers.processes; number > 0; --number)
        if (fil_session_process(session_, number - 1, &process) == FIL_OK &&
            process.pid == program_)
            return process;
    return FIL_PROCESS_INIT;
}

void run_watch::begin(std::int64_t started_ns) {
    if (memory_ != nullptr) memory_->calm();  // what was told to an earlier run is no longer true
    started_ns_ = started_ns;
    const double since =
        static_cast<double>(nanoseconds_since_1970()) - static_cast<double>(started_ns);
    time_ = stopwatch(std::max(1e-9 * since, 0.0));  // somebody may have set the clock
    steps_ = pace();
    seen_ = {{}, 0, sampler(session_, program_, sampler::part::run), {}};
}

void run_watch::tick() {
    seen_.seconds = time_.seconds();
    seen_.memory.tick(seen_.seconds);
}

}  // namespace fil::cli
