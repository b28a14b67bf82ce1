#pragma once
// The source of Python modules that were imported from a zip file: no file of their own has it.
//
// A frame's file is then "lib.zip/package/module.py". The archive is read as zipimport reads it
// (one that begins with other bytes, as a .pyz does, is fine; stored or deflated entries; no
// zip64). What is in it is bounded, and no promise: an archive that does not fit together yields
// nothing. Cold, in the process that draws a report.

#include <cstdint>
#include <optional>

#include "fil/report/snapshot.hpp"

namespace fil {

// Adds a text for each such file. Archives that changed after `started`, seconds since 1970, are
// not those that ran.
void add_zipped_sources(report::snapshot& taken, std::optional<std::int64_t> started);

}  // namespace fil
