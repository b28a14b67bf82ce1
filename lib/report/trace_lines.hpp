#pragma once
// Whose line is a callstack of a trace? The innermost of the user's own, as in a report's list of
// lines; where there is none, all make one row. Cold; throws unreadable_snapshot.

#include <string>
#include <vector>

#include "fil/trace/trace_reader.hpp"

namespace fil {

struct trace_lines {
    std::vector<std::uint32_t> line_of;  // by callstack
    std::vector<std::string> names;      // by line; 0: "no line of your own"
};

trace_lines lines_of_trace(const std::string& path, const trace::reader& from, std::size_t process);

}  // namespace fil
