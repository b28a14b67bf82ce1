#pragma once
// The four files of a report, written so that nobody ever sees half of one.
//
//     DIRECTORY/2026-11-23T16-28-03_759/   peak-memory.prof  peak-memory.svg
//                                          peak-memory-reversed.svg  index.html
//                                          (out-of-memory.prof ... when memory ran out)
//     DIRECTORY/latest                     a link to the newest of these folders
//
// Called by whoever has a snapshot and the facts: the supervisor's report process, a program that
// reports on itself. Cold code, one thread at a time; keeps nothing.

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "fil/report/answer_look.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/snapshot.hpp"

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

// Makes directories as needed. Throws report_error; what was written until then is removed.
written_report write_report_of_tidy(const std::filesystem::path& directory, const snapshot& tidy,
                                    const facts& run, report_naming naming = report_naming::by_time,
                                    const answer_look& look = {});

// Of one process, by its own facts.
written_report write_report(const std::filesystem::path& directory, const snapshot& taken,
                            const facts& run, report_naming naming = report_naming::by_time,
                            const answer_look& look = {});

}  // namespace fil::report
