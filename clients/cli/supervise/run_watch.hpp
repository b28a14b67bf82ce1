// The runs of a program that records on request, as its watcher sees them: while one is on, memory
// is looked at as supervise.hpp looks at a whole program's; between runs there is nothing to see,
// and the watcher may sleep. One thread.
#pragma once

#include <fil_supervisor.h>

#include <optional>

#include "os/stopwatch.hpp"
#include "sample/pace.hpp"
#include "supervise/out_of_memory.hpp"
#include "supervise/supervise.hpp"

namespace fil::cli {

class run_watch {
  public:
    // Without `memory` the program may run out of it as it likes. Both outlive this object.
    run_watch(fil_session* session, pid_t program, out_of_memory* memory);

    // To be called whenever something may have happened. Returns after how many milliseconds it
    // wants to be called again; nothing while no run is on. `make` has the report made of a program
    // that ran out of memory.
    std::optional<int> look(const out_of_memory::reporter& make);

    // The last run has ended, and its report is due: what there is to see of it still.
    void look_once_more();

    // Whether a run is on, and has no report yet.
    bool is_to_report() const;

    // Of the last run. One that was too short to be looked at took no seconds.
    const observation& seen() const { return seen_; }

  private:
    fil_process now() const;
    void begin(std::int64_t started_ns);
    void tick();

    fil_session* session_;
    pid_t program_;
    out_of_memory* memory_;

    std::int64_t started_ns_ = 0;  // of the run that was seen last
    stopwatch time_;
    pace steps_;
    observation seen_;
};

}  // namespace fil::cli
