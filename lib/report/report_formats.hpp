#pragma once
// One report as one text: each format that a report can have by itself. The report's folder
// (report_files.hpp) is made of some of them.
//
// Cold code; any thread; keeps nothing.

#include <cstdint>
#include <ostream>
#include <string>

#include "fil/report/answer_look.hpp"
#include "fil/report/box_layout.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/session_snapshot.hpp"

namespace fil::report {

std::string page_of(const report_model& report);
std::string svg_of(const report_model& report, direction from = direction::callers_first);

enum class report_format : std::uint8_t { page, svg, folded, json, text };

// Large ones in parts, as they are made. `look`: of text.
void write_report_as(std::ostream& out, report_format format, const session_snapshot& from,
                     const answer_look& look = {});

}  // namespace fil::report
