#pragma once
// Everything that a report is drawn from: who held what, in words, and the facts beside it. Nothing
// else is asked for but source files, and those only where their text is the same as then; so a
// report can be drawn again, later and anywhere (docs/design/snapshot-file.md).
//
// Made by whoever read recordings; plain values.

#include "fil/report/facts.hpp"
#include "fil/report/snapshot.hpp"
#include "fil/report/source_files.hpp"

namespace fil::report {

struct session_snapshot {
    facts about;
    // Tidy. Of several processes each stands below a frame of its own (process_merge.hpp).
    snapshot tidy;
    source_files sources;
};

}  // namespace fil::report
