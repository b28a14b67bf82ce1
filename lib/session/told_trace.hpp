#pragma once
// A trace that a caller tells, event by event: of another runtime, another recorder, a model.
//
// The caller names its blocks as it likes (addresses, say, or the numbers of a trace that it
// reads); the trace counts them. What no allocator could do (a block goes that is not there) is
// refused in words, and is not in it. Where the file cannot be written the trace ends, and each
// call from then on says why. Cold; one thread.

#include <string>
#include <unordered_map>

#include "fil/trace/trace_writer.hpp"
#include "session/told_callstacks.hpp"
#include "session/trace_output.hpp"

namespace fil {

class told_trace {
  public:
    // Throws std::system_error, now and at any event.
    told_trace(const std::string& path, const trace::process_about& who, trace::file_header header);
    told_trace(const told_trace&) = delete;

    told_callstacks& callstacks() { return callstacks_; }

    // Of `one`, `block` and `moved_to` are the caller's names. nullptr, or what is wrong with it.
    const char* add(trace::event one);
    void finish();
    bool has_finished() const { return has_finished_; }

    std::uint64_t events() const { return events_; }
    std::uint64_t bytes() const { return file_.written(); }

  private:
    const char* name_blocks(trace::event& one);
    template <typename Action>
    void try_to(Action&& action);

    struct name_hash {
        std::size_t operator()(std::uint64_t name) const { return mix(name) >> 16; }
    };

    trace_output file_;
    trace::process_about who_;
    trace::writer writer_;
    std::uint32_t process_;
    told_callstacks callstacks_;
    std::unordered_map<std::uint64_t, trace::block_number, name_hash> live_;
    std::uint64_t events_ = 0;
    bool has_finished_ = false;
    std::string why_failed_;
};

}  // namespace fil
