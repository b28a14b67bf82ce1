#pragma once
// The files of a report, written so that nobody ever sees half of one.
//
//     DIRECTORY/2026-11-23T16-28-03_759/   peak-memory.prof  peak-memory.svg
//                                          peak-memory-reversed.svg  index.html
//                                          peak-memory.filsnap  (snapshot_file.hpp)
//                                          (out-of-memory.prof ... when memory ran out)
//     DIRECTORY/latest                     a link to the newest of these folders
//
// All are made of one snapshot and of nothing else, so that drawn again they are the same. Called
// by whoever has one: the supervisor's report process, a program that reports on itself. Cold code,
// one thread at a time; keeps nothing.

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "fil/report/answer_look.hpp"
#include "fil/report/session_snapshot.hpp"

namespace fil::report {

// One line for people: `cannot write a report to "DIR": Permission denied`.
struct report_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class report_naming {
    by_time,  // a new directory, named after this moment, inside the given one
    exact,    // the given directory itself; what it holds of an older report is replaced
};

struct written_report {
    std::filesystem::path directory;  // the report's own
    std::vector<std::string> answer;  // what it says, in a few lines (fil/report/answer.hpp)
};

// How a report is written.
struct report_writing {
    report_naming naming = report_naming::by_time;
    answer_look look{};
    bool with_snapshot = true;  // the file from which it can be drawn again
};

// Makes directories as needed. Throws report_error; what was written until then is removed.
written_report write_report(const std::filesystem::path& directory, const session_snapshot& from,
                            const report_writing& how = {});

}  // namespace fil::report
