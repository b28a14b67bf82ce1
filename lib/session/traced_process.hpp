#pragma once
// A process that is traced, at the supervisor's end: its rings become events of the trace file.
//
// Frees name the blocks that came (live_blocks.hpp), the two halves of a realloc become one event,
// sizes and threads are put together again. Of what never comes, and what came twice, the trace
// stays consistent: a block goes once, after it came. Cold; one thread.

#include <map>
#include <vector>

#include "fil/trace/trace_writer.hpp"
#include "session/joined_process.hpp"
#include "session/large_blocks.hpp"
#include "session/live_blocks.hpp"
#include "session/ordered_entries.hpp"

namespace fil {

class traced_process {
  public:
    // Of one that has a recording with a trace in it.
    traced_process(const joined_process& process, trace::writer& to, std::uint32_t sample);
    traced_process(traced_process&&) = default;
    traced_process& operator=(traced_process&&) = default;

    // Is there a trace in the recording by now?
    static bool is_ready(const joined_process& process);
    std::int32_t pid() const { return process_->pid; }
    const joined_process& joined() const { return *process_; }

    // Takes what is there, a part of it at a time; true: there is more. `clock`: the time now.
    bool take(std::uint32_t clock);
    // Nobody takes anything any more: the process need not wait.
    void stop();
    static void stop(const joined_process& process);
    // Writes out what was taken.
    void flush() { to_->flush(number_); }
    // The process has ended: all that is left, then its recording.
    void end(std::uint32_t clock);

    std::uint64_t events() const { return events_; }
    std::uint64_t lost() const;

  private:
    void find_rings();
    static trace_root* root_of(const joined_process& process);
    bool find_root();
    void apply(const ordered_entry& one);
    void block_came(const ordered_entry& one, unsigned about);
    void block_went(const ordered_entry& one, unsigned about);
    void mapping_changed(const ordered_entry& one, trace::operation what, unsigned about);
    void arena_went(const ordered_entry& one);
    void touched(const ordered_entry& one, unsigned about);
    void tell_touched(std::uint64_t address, std::uint64_t number, std::uint64_t bytes,
                      const ordered_entry& one);
    void release(std::uint64_t number, const ordered_entry& one);
    void add(trace::event& event, const ordered_entry& one);
    void write_recording();
    std::uint64_t& moving(std::uint32_t thread);

    const joined_process* process_;
    trace::writer* to_;
    std::uint32_t sample_;
    std::uint32_t number_;
    trace_root* root_ = nullptr;
    page_number root_page_{};
    ordered_entries entries_;
    live_blocks live_;
    large_blocks large_;
    std::uint32_t next_look_ = 0;                    // at the large ones, by the clock
    std::map<std::uint64_t, std::uint64_t> arenas_;  // of a runtime's allocator: address -> bytes
    std::vector<std::uint64_t> moving_;              // by realloc, of each thread
    std::uint32_t clock_ = 0;
    std::uint64_t events_ = 0, came_ = 0, given_up_ = 0;
    std::int64_t waits_since_ns_ = 0;
};

}  // namespace fil
