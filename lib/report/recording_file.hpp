#pragma once
// A recording that a process left in a file, in memory: private, and only as large as what is in
// the file, however many holes that has. Cold; throws unreadable_snapshot and std::system_error.

#include <string>
#include <utility>

#include "fil/recording/view.hpp"
#include "session/joined_process.hpp"

namespace fil {

class recording_file {
  public:
    explicit recording_file(const std::string& path);
    // Of a recording that has been checked.
    explicit recording_file(shared_mapping memory) : memory_(std::move(memory)) {}

    recording_view view() const { return {memory_.base(), memory_.bytes()}; }

  private:
    shared_mapping memory_;
};

}  // namespace fil
