// When to look what resident memory is made of (memory_parts.hpp), and which looks stand: the last
// one near the peak, the last one since most of the peak was gone, and what forked processes had
// copied whenever anybody looked. A look takes some milliseconds a process, so it goes from one to
// the next for a slice of time at each tick: the session is served meanwhile, however many they
// are, and all looks together are given a small part of the time.
#pragma once

#include <fil_supervisor.h>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "sample/memory_parts.hpp"

namespace fil::cli {

class memory_looks {
  public:
    struct process {
        std::size_t number;  // of its recording; they come in this order
        pid_t pid, parent;
    };

    struct moment {
        double seconds;        // since the start
        std::int64_t live;     // of all together
        std::int64_t highest;  // of what was sampled so far
        std::size_t joined;    // how many ever did
        bool is_new_height;    // resident memory is as high as never before
    };

    explicit memory_looks(fil_session* session) : session_(session) {}

    // `live_now` is asked when a look has ended.
    void tick(const moment& now, std::span<const process> running,
              const std::function<std::int64_t()>& live_now);

    // Near that height; empty where nobody looked there.
    struct height {
        std::int64_t live, resident;
    };
    std::vector<fil_resident_part> parts(const height& peak) const;
    // The last since most of the peak was gone, and when that was.
    std::vector<fil_resident_part> last_parts() const;
    double last_parts_seconds() const { return rest_.seconds; }
    // Of the same moments: whose blocks keep sparse memory.
    std::vector<fil_sparse> sparse(const height& peak) const;
    const std::vector<fil_sparse>& last_sparse() const { return rest_.sparse; }

    // What a forked process shared with others when last looked at, by the number of its recording.
    std::optional<std::int64_t> shared_of(std::size_t number) const;

    // One has begun and goes on at the next tick.
    bool is_looking() const { return look_.has_value(); }

    // Processor time of all looks.
    double seconds_used() const { return seconds_for_parts_ + seconds_for_copies_; }

  private:
    enum class purpose { peak, rest, copies };

    struct look {
        purpose of;
        double seconds;
        std::int64_t live;
        memory_look memory;
        std::size_t next = 0;  // number of a recording
        double used = 0;
    };
    struct seen {
        std::vector<memory_part> parts;
        std::vector<fil_sparse> sparse;
        std::int64_t live = 0;
        double seconds = 0;
    };

    std::optional<purpose> wanted(const moment& now, std::size_t running);
    bool wants_peak(const moment& now);
    bool wants_rest(const moment& now);
    bool wants_copies(const moment& now, std::size_t running) const;
    bool go_on(std::span<const process> running);
    void drop_look();
    void set_next(const moment& now);
    void note_forked(std::span<const process> running, std::size_t joined);
    std::vector<fil_sparse> sparse_of(std::span<const process> running) const;
    bool is_near(const height& peak) const;

    double& seconds_for(purpose of) {
        return of == purpose::copies ? seconds_for_copies_ : seconds_for_parts_;
    }

    fil_session* session_;
    std::optional<look> look_;
    seen peak_, rest_;
    std::map<std::size_t, std::int64_t> copied_, shared_;  // by the number of a recording
    bool is_peak_due_ = false;
    std::int64_t live_before_ = 0;  // at the last tick
    double next_peak_ = 0, soonest_rest_ = 0, next_rest_ = 0, next_copies_ = 0;
    double seconds_for_parts_ = 0, seconds_for_copies_ = 0;
    bool has_forked_ = false;
    std::size_t looked_for_forked_ = 0;  // how many had joined then
};

}  // namespace fil::cli
