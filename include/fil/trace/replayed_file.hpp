#pragma once
// A trace file, planned for replays in this process, again and again: for a benchmark of an
// allocator class (examples/lab_allocator.cpp). Its busiest process; a runtime's small objects are
// blocks, as a class without mappings wants them. Cold; throws `unreadable`.

#include <fstream>
#include <iterator>
#include <string>

#include "fil/trace/replay.hpp"

namespace fil::trace {

class replayed_file {
  public:
    explicit replayed_file(const std::string& path, runtime_memory small = runtime_memory::blocks)
        : content_(content_of(path)), from_(content_), plan_(from_, from_.busiest(), small) {}
    replayed_file(const replayed_file&) = delete;

    const replay_plan& plan() const { return plan_; }
    // mallocs, frees and the like, of each run.
    std::int64_t steps() const { return static_cast<std::int64_t>(plan_.steps()); }

    // All of it, and what it leaves is released.
    template <replayed_allocator Allocator>
    void run(Allocator& allocator,
             const replay_options& options = {touching::first, ordering::strict}) {
        prepared_.run(allocator, options);
        prepared_.release_rest(allocator);
    }

  private:
    static bytes content_of(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        if (!file) throw unreadable("there is no file \"" + path + "\"");
        return {std::istreambuf_iterator<char>(file), {}};
    }

    bytes content_;
    reader from_;
    replay_plan plan_;
    prepared_replay prepared_{plan_};
};

}  // namespace fil::trace
