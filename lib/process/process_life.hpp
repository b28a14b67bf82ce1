#pragma once
// The process's life as one that is recorded: when it has a recorder, and what it is made of.
//
// Recording starts on request of the preload library or of the program, ends with the process or by
// stop(), and goes on in forked children, each with a recorder of its own: locks and threads that
// vanished in the fork belong to the one left behind. Events come by process_entry.hpp, runs are in
// run_control.hpp.
//
// Hot path: no allocation, no throw, errno kept. Starting (once a process) makes system calls.

#include "fil/base/generation.hpp"
#include "process/process_recording.hpp"
#include "process/process_state.hpp"
#include "process/run_control.hpp"

namespace fil {

class process_life {
  public:
    // Starts recording here and, with the same options, in forked children.
    fil_status start(const fil_recorder_options& options);

    // Ends recording what start() began, here and in children; start() may be called again. Cold.
    fil_status stop();

    // No more events, and the last words of the recording: the process ends, or becomes another
    // program. reopen() where it did not.
    void close();
    void reopen();

    // The recorder, if one runs. A forked child's first call starts its own.
    process_recorder* running() {
        process_recorder* found = states_.recorder();
        return found != nullptr ? found : running_slow();
    }
    // Where none runs: whether running() would start one.
    bool may_start() const { return is_started_ && states_.now() == process_state::fresh; }

    // The recorder between runs and after a stop as well; nullptr if there is none, or it belongs
    // to a parent.
    process_recorder* idle_or_running() {
        const process_state now = states_.now();
        const bool is_built = now == process_state::running || now == process_state::idle ||
                              now == process_state::stopped;
        return is_built ? &recorder() : nullptr;
    }
    // Between runs: what happens then is nobody's business.
    bool is_idle() const { return states_.now() == process_state::idle; }

    // The recorder, once it is built, is always at the same place: no load needs to say where.
    FIL_HOT process_recorder& recorder() { return *reinterpret_cast<process_recorder*>(recorder_); }
    // The recording itself, for a report made in this process.
    recording_memory* private_recording();

    process_states& states() { return states_; }
    process_sources& sources() { return sources_; }
    process_recording& recording() { return recording_; }
    run_control& runs() { return runs_; }
    spin_lock& lock() { return lock_; }
    fil::generation& generation() { return generation_; }
    // A lock-free atomic is its value in memory.
    const std::uint64_t* generation_address() const {
        static_assert(sizeof generation_.number() == sizeof(std::uint64_t));
        return reinterpret_cast<const std::uint64_t*>(&generation_.number());
    }

    bool is_started() const { return is_started_; }
    bool is_stopped() const { return is_stopped_; }
    bool records_on_request() const { return (options_.flags & FIL_ON_REQUEST) != 0; }
    // Recording was started here, not in a parent.
    bool is_where_it_started() const;
    fil_status why_unrecorded() const;

  private:
    fil_status start_again(const fil_recorder_options& options);
    fil_status why_started() const;
    bool may_try_again() const;
    bool prepare();
    process_recorder* running_slow();
    process_recorder* begin();  // where the state is `starting`, by who made it that
    bool build(bool is_program);

    // What every event reads comes first.
    process_states states_;
    alignas(process_recorder) std::byte recorder_[sizeof(process_recorder)] = {};
    process_sources sources_;
    fil::generation generation_;

    seldom_written<bool> is_started_ = false;
    seldom_written<bool> is_stopped_ = false;  // since it was started; children know it by this
    fil_recorder_options options_{};
    std::int32_t started_by_ = 0;  // the process: with FIL_ON_REQUEST, no child records
    process_recording recording_;
    run_control runs_;
    spin_lock lock_;  // registering sources, the working directory's buffer
};

// Hidden, said here too, so that the compiler addresses it without a detour.
extern constinit process_life this_process __attribute__((visibility("hidden")));

}  // namespace fil
