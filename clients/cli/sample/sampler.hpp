// Looks at a running session every few milliseconds and keeps what the report wants to know beyond
// the stacks: live and resident memory over time, of all processes together and of each; when the
// peak was; resident memory by kind near the peak, taken whenever live has passed the last sampled
// maximum by 1 %; large mappings hardly touched then. Also notices processes that died without a
// word. Memory is bounded, whatever the session's length.
#pragma once

#include <fil_supervisor.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sample/memory_looks.hpp"
#include "sample/process_memory.hpp"
#include "sample/timeline.hpp"

namespace fil::cli {

class sampler {
  public:
    // What live and peak are those of: the whole session, or the program's last run.
    enum class part { session, run };

    sampler(fil_session* session, pid_t program, part looked_at = part::session)
        : session_(session), program_(program), part_(looked_at), looks_(session) {}

    void tick(double seconds);  // since the start

    bool anybody_joined() const { return joined_ > 0; }
    bool program_joined() const { return pids_.contains(program_); }
    bool knows(pid_t pid) const { return pid == program_ || pids_.contains(pid); }

    double peak_seconds() const { return peak_seconds_; }
    std::int64_t peak() const { return peak_; }
    std::size_t processes() const { return pids_.size(); }
    const resident_parts& resident() const { return resident_; }
    // What that was made of; empty where nobody looked near the peak.
    std::vector<fil_resident_part> parts() const { return looks_.parts(highest()); }
    // The same of the last look since most of the peak was gone, and when that was.
    std::vector<fil_resident_part> last_parts() const { return looks_.last_parts(); }
    double last_parts_seconds() const { return looks_.last_parts_seconds(); }
    // Of both moments: whose blocks keep sparse memory.
    std::vector<fil_sparse> sparse() const { return looks_.sparse(highest()); }
    const std::vector<fil_sparse>& last_sparse() const { return looks_.last_sparse(); }
    const std::vector<fil_untouched>& untouched() const { return untouched_; }
    std::vector<fil_sample> samples() const;
    std::vector<fil_process_moment> own_peaks() const;

    // Some processes end with the program, a moment later (multiprocessing's resource tracker sees
    // its pipe closed): waits for those, at most so long.
    void wait_for_others(int milliseconds);
    // Who joined when the program had ended, a daemon say.
    void admit_late();

    // Of processes that still run, and the one of them that holds most; 0 if there is none.
    std::vector<pid_t> running() const;
    pid_t largest() const { return largest_; }

    // Of all of them when last looked at; of the one that has most.
    std::int64_t resident_now() const { return resident_now_; }
    resident_parts resident_parts_now() const;
    std::uint64_t most_callstacks() const { return most_callstacks_; }

    // Processor time used for what has a pace of its own: parts, and mappings hardly touched.
    double seconds_for_details() const { return seconds_for_scans_ + looks_.seconds_used(); }

    // In milliseconds, until the next tick.
    int longest_wait() const { return looks_.is_looking() ? 1 : 1000; }

    // Processes besides the program that still run: "PID 123 (python worker.py)".
    std::vector<std::string> still_running() const;

    // Those that have ended, by their numbers; not all, if they are very many.
    const std::vector<std::size_t>& ended() const { return ended_; }
    std::string name_of(std::size_t number) const;

  private:
    struct own_peak {
        std::int64_t bytes = 0;
        double seconds = 0;
    };

    struct watched {
        std::size_t number;  // of its recording
        pid_t pid, parent;
        process_memory memory;
        std::uint64_t start_of_stack;
        bool closed = false;
        // While its parent runs, which it was forked by. What they share counts in the parent.
        bool is_forked = false;
        std::int64_t resident = 0;
        std::optional<std::int64_t> inherited = {};  // when first looked at

        std::int64_t shared(const memory_looks& looks) const;
    };

    memory_looks::height highest() const { return {sampled_live_, resident_.total()}; }
    bool read(fil_session_numbers& numbers);
    std::int64_t live_now();
    void admit(std::size_t joined);
    void note_end_of(const watched& process);
    void look_at(watched& process, double seconds);
    void leave_children_of(pid_t pid);
    void note_peak(const fil_session_numbers& numbers, double seconds);
    bool sample_resident(std::int64_t live);
    void scan_untouched(std::int64_t live, double seconds);
    void note_own_peak(std::size_t number, std::int64_t peak, double seconds);
    timeline* timeline_of(pid_t pid, std::int64_t peak);

    fil_session* session_;
    pid_t program_;
    part part_;
    std::size_t joined_ = 0;
    std::set<pid_t> pids_;  // all that ever joined
    std::vector<watched> watched_;
    std::vector<std::size_t> ended_;
    pid_t largest_ = 0;
    std::int64_t largest_live_ = 0;
    std::int64_t resident_now_ = 0;
    std::uint64_t most_callstacks_ = 0;

    timeline whole_{2000};
    std::map<pid_t, timeline> each_;
    std::map<pid_t, std::int64_t> peak_of_;  // of those that have a timeline
    std::vector<own_peak> own_peaks_;        // by the number of a recording

    std::int64_t peak_ = 0;
    std::int64_t peak_at_moment_ = 0;  // at peak_seconds_
    double peak_seconds_ = 0;
    double looked_seconds_ = 0;
    std::int64_t sampled_live_ = 0;
    resident_parts resident_;
    std::vector<fil_untouched> untouched_;
    bool scan_due_ = false;
    double next_scan_ = 0, seconds_for_scans_ = 0;
    memory_looks looks_;
};

}  // namespace fil::cli
