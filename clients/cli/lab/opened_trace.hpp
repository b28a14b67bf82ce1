// A trace that the user named, opened: mapped, checked, and the process of it that is meant.
#pragma once

#include <fil/trace/trace_reader.hpp>
#include <string>

#include "lab/lab_options.hpp"
#include "os/memory_file.hpp"
#include "os/refusal.hpp"

namespace fil::cli {

class opened_trace {
  public:
    // Process 0: the one with most events. Throws refusal, in words.
    opened_trace(const std::string& path, int pid);

    const trace::reader& read() const { return reader_; }
    std::size_t process() const { return process_; }
    const trace::reader::process& about() const { return reader_.processes()[process_]; }
    // "4711 python3 load.py"
    std::string name() const;
    // As it is to be replayed. Throws refusal.
    trace::replay_plan plan(const lab_options& options) const;
    // What a reader should know: it ends early, others are in it.
    void say_what_is_odd() const;

  private:
    std::string path_;
    mapped_whole_file file_;
    trace::reader reader_;
    std::size_t process_ = 0;
    bool is_asked_for_ = false;
};

// What `body` returns; a trace that cannot be read is refused in words.
template <typename Body>
auto reading(const std::string& path, Body&& body) {
    try {
        return body();
    } catch (const trace::unreadable& damage) {
        throw refusal("cannot read " + path + ": " + damage.what());
    }
}

}  // namespace fil::cli
