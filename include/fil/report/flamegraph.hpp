#pragma once
// A report as texts for files that need nothing else: the flamegraph as an SVG, and its callstacks,
// folded, for tools and scripts.
//
// `style` and `script` make the SVG's dark mode, zoom and search; without, it is a plain picture.
// Cold code, pure functions.

#include <sstream>
#include <string>
#include <utility>

#include "fil/report/box_layout.hpp"
#include "fil/report/folded.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/svg.hpp"
#include "fil/report/svg_picture.hpp"

namespace fil::report {

// At most so many boxes keep an SVG below two megabytes.
inline constexpr layout_limits svg_limits = {.most_boxes = 4000};

inline std::string flamegraph_svg(const report_model& report,
                                  direction from = direction::callers_first,
                                  const svg_parts& parts = {}) {
    const std::int64_t tracked =
        report.chosen.totals[static_cast<std::size_t>(mapping_kind::anonymous)];
    const layout boxes = make_layout(report.graph, from, svg_limits);
    return svg_text(make_svg_picture(svg_title(tracked, from, report.about.kind), boxes,
                                     report.chosen.shown, report.owners, report.sources),
                    parts);
}

inline std::string folded_callstacks(const report_model& report) {
    std::ostringstream out;
    write_folded(out, report.chosen.shown, report.folded);
    return std::move(out).str();
}

}  // namespace fil::report
