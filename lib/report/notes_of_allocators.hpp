#pragma once
// Which allocators inside the programs of a report have blocks that nobody saw, by what their
// processes found and by their files. Cold; reads files.

#include <string>
#include <vector>

#include "fil/report/facts.hpp"
#include "report/report_source.hpp"

namespace fil {

struct unseen_allocator {
    std::string name, note;  // empty: none is known
};

// Adds a note of each to what is said about the report, once; returns the first. Where each
// allocator's blocks are seen: nothing.
unseen_allocator add_notes_of_allocators(report::facts& about,
                                         const std::vector<drawn_process>& drawn);

}  // namespace fil
