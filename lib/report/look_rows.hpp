#pragma once
// A look (look_file.hpp) as lists for a screen: the user's lines, the processes and the callstacks
// that hold most now, heaviest first. What native code is called is found once and kept: a look
// comes every second. Texts may hold what a terminal would obey. Cold; throws damaged_recording.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "report/look_file.hpp"
#include "symbols/symbols.hpp"

namespace fil {

struct look_row {
    std::int64_t bytes = 0;
    std::int64_t peak = 0;  // of a process, its own
    std::int32_t pid = 0;   //   likewise
    std::string text;       // "flights.py:11 wide"; a process's name; frames, the outermost first
    std::string source;     // of a line
};

struct look_rows {
    std::int64_t used = 0;                       // by all of them
    std::array<std::vector<look_row>, 3> lists;  // lines, processes, callstacks
};

class look_reader {
  public:
    look_rows read(const look& seen);

  private:
    symbols names_;
};

}  // namespace fil
