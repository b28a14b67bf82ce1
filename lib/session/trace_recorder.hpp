#pragma once
// The trace of a session, at the supervisor's end: which of its processes are traced, and the file.
//
// look() is called every few milliseconds: programs that allocate fast wait for it. Where the file
// cannot be written, tracing ends, the program goes on, and `why_failed` says why. Cold; one
// thread.

#include <deque>
#include <string>

#include "session/trace_output.hpp"
#include "session/traced_process.hpp"

namespace fil {

class trace_recorder {
  public:
    // Throws std::system_error if the file cannot be made.
    trace_recorder(const std::string& path, std::uint32_t sample);
    trace_recorder(const trace_recorder&) = delete;

    // How many milliseconds may pass until the next one; 0: there is more.
    int look(const std::vector<joined_process*>& open);
    // Before its recording goes.
    void process_ended(const joined_process& process);
    // The rest, and the file's end.
    void finish(const std::vector<joined_process*>& open);

    struct numbers {
        std::uint64_t processes = 0, events = 0, lost = 0, bytes = 0;
    };
    numbers so_far() const;
    const std::string& why_failed() const { return why_failed_; }

  private:
    template <typename Action>
    void try_to(Action&& action);
    std::uint32_t clock() const;
    void admit(const joined_process& process);

    trace_output file_;
    std::uint32_t sample_;
    std::int64_t began_ns_;
    std::int64_t flushed_ns_ = 0;
    trace::writer writer_;
    std::deque<traced_process> running_;
    numbers ended_;
    std::uint64_t processes_ = 0;
    std::string why_failed_;
};

}  // namespace fil
