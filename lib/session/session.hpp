#pragma once
// The supervisor's end: the session's page, the socket processes join through, their recordings.
//
// Owns everything it maps. One thread. serve() never blocks: whoever connects and is silent is kept
// waiting, for a while, and costs nobody anything. A recording is mapped as it is sent
// (sealed, so it cannot shrink under us) and outlives its process: whole, that of the program; of
// others what they held at the peak, while that peak stands (compact_recording.hpp), and afterwards
// a few numbers. So a job with thousands of children keeps neither thousands of recordings nor
// thousands of mappings.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fil/recording/view.hpp"
#include "os/cold/watch_list.hpp"
#include "os/file_descriptor.hpp"
#include "os/refused_call.hpp"
#include "process/session_protocol.hpp"
#include "session/joined_process.hpp"
#include "session/keeper_line.hpp"
#include "session/session_directory.hpp"
#include "session/session_door.hpp"
#include "session/visits.hpp"

namespace fil {

class trace_recorder;

class session {
  public:
    session();  // throws std::system_error
    session(const session&) = delete;
    ~session();

    const std::string& environment() const { return environment_; }
    int descriptor() const { return door_.descriptor(); }
    void serve();

    session_page& page() const { return *static_cast<session_page*>(page_memory_.base()); }
    // What no thread has published yet, of all processes that are there.
    std::int64_t pending() const;
    const std::deque<joined_process>& processes() const { return processes_; }
    joined_process& process(std::size_t number) { return processes_.at(number); }

    // The last recording of `pid`, that of its last exec image; pid 0: of the first that joined.
    const joined_process* find(std::int32_t pid) const;

    // The process that has waited longest for the report of its run; 0 if none does.
    std::int32_t asked() const { return waiting_.empty() ? 0 : waiting_.front().pid; }
    void answer(std::int32_t pid, std::int32_t status, const std::string& message);

    // Who asks from outside.
    visits& visitors() { return visits_; }
    const visits& visitors() const { return visits_; }

    // Takes the live bytes of a process that ended without closing out of the session, and lets go
    // of its recording what no report needs.
    void process_ended(std::int32_t pid);
    // Lets go what a higher peak has made irrelevant.
    void let_go_what_is_over();

    // Makes the session's live and threads the sums of its processes' again, should one have died
    // between two of its additions. To be called again as long as others are in the middle of one.
    void correct_sums() const;

    // Commands of processes that join from now on are shown as they are, secrets too.
    void show_arguments() { shows_arguments_ = true; }
    // Or as the program's name alone.
    void hide_arguments() { hides_arguments_ = true; }
    bool shows_arguments() const { return shows_arguments_; }

    // Processes that join from now on run unrecorded, unless they are `program`.
    void leave_children_out(std::int32_t program) { only_ = program; }
    std::uint64_t left_out() const { return left_out_; }

    // Processes that are built to be traced are, into a file. Throws std::system_error.
    void record_trace(const std::string& path, std::uint32_t sample);
    // Milliseconds until it wants to be called again.
    int take_trace();
    // No process writes any more. nullptr where there is no trace.
    trace_recorder* finish_trace();
    const trace_recorder* trace() const { return trace_.get(); }

    std::uint64_t unprofiled_children() const;

    // Programs that were started and of which nothing was heard. Who was started by one that is not
    // recorded joins uncounted, so these may be more.
    std::uint64_t missed() const;

    // Processes that could not join, and why the first of them could not.
    struct refusals {
        std::uint64_t count = 0;
        refusal first = refusal::none;
    };
    refusals refused() const;

    // Memory is low: `pid` shall end, and nobody else; 0: nobody shall.
    void tell_memory_is_low(std::int32_t pid);

    keeper_line& keeper() { return keeper_; }

    // A process that ran out of memory and waits to be heard; nullptr if there is none.
    const joined_process* out_of_memory();

  private:
    void hear(file_descriptor& connection, const join_request& request, int recording);
    void child_killed(std::int32_t pid);
    void watch_end_of(joined_process& process) const;
    void see_who_ended();
    void admit(int connection, const join_request& request, int recording, std::int32_t pid);
    void admit_unless_refused(int connection, const join_request& request, int recording,
                              std::int32_t pid);
    void receive_visitor(file_descriptor& connection, const join_request& request);
    visit_answer whose(std::int32_t pid) const;
    void end(joined_process& process, bool whole);
    void let_go(joined_process& process);

    session_directory directory_;
    std::string token_;
    std::string environment_;
    session_door door_;
    os::watch_list ends_;  // of some processes, so that they are seen at once
    file_descriptor page_file_;
    shared_mapping page_memory_;
    std::deque<joined_process> processes_;
    std::vector<joined_process*> open_;  // those that have not ended
    std::vector<joined_process*> kept_;  // that ended, and held something at the peak
    std::uint64_t unprofiled_by_ended_ = 0;
    struct waiting {
        std::int32_t pid;
        file_descriptor connection;
    };
    std::deque<waiting> waiting_;  // for reports
    visits visits_;
    std::int32_t told_low_ = 0;       // the process that was told that memory is low
    std::uint32_t asked_before_ = 0;  // how often a process asked, all of which were heard
    std::int32_t only_ = 0;           // the program, where its children are left out
    std::uint64_t left_out_ = 0;
    refusals told_refused_;                 // by message
    refusal refused_here_ = refusal::none;  // why we could not share a process's recording
    bool shows_arguments_ = false, hides_arguments_ = false;
    std::uint64_t programs_heard_ = 0;
    keeper_line keeper_;
    mutable bool sums_may_be_wrong_ = false;
    std::unique_ptr<trace_recorder> trace_;
};

}  // namespace fil
