#pragma once
// The report before it has a format: every stage applied to a snapshot, in order.
//
//     snapshot → tidied → select → call graph, owners, sources → your lines
//
// Exporters (folded, SVG, page) only read it. Made once a report, by whoever has a snapshot and the
// facts; cold code in a process of its own.

#include <range/v3/range/conversion.hpp>
#include <range/v3/view/transform.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fil/report/call_graph.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/frame_owner.hpp"
#include "fil/report/selection.hpp"
#include "fil/report/snapshot.hpp"
#include "fil/report/source_lines.hpp"
#include "fil/report/tidy.hpp"
#include "fil/report/your_lines.hpp"

namespace fil::report {

struct report_model {
    facts run;
    selection chosen;
    call_graph graph;                     // callers first
    std::vector<ownership> owners;        // by frame of chosen.shown
    std::vector<source_excerpt> sources;  // by frame of chosen.shown
    std::vector<your_line> lines;

    const frame& frame_at(frame_index i) const { return chosen.shown.frames()[to_index(i)]; }
    const ownership& owner_of(frame_index i) const { return owners[to_index(i)]; }
    const source_excerpt& source_of(frame_index i) const { return sources[to_index(i)]; }
    std::int64_t shown_bytes() const { return graph[graph_node::root].total; }
};

// The user's own files that are newer than the run, each once.
inline std::vector<std::string> newer_files(const report_model& report) {
    std::set<std::string> files;
    for (std::size_t i = 0; i < report.owners.size(); ++i) {
        const bool user = report.owners[i].owner == frame_owner::user;
        if (user && report.sources[i].newer) files.insert(report.chosen.shown.frames()[i].file);
    }
    return {files.begin(), files.end()};
}

// By frame. Code of no file has a text only if somebody kept it; exec() and eval() name it
// `<string>`, and what is compiled from a tree `<unknown>`.
inline std::vector<code_text> texts_of_frames(const report_model& report) {
    std::vector<code_text> texts(report.owners.size(), code_text::kept);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const frame& f = report.chosen.shown.frames()[i];
        if (!is_pseudo_file(f.file) || !report.sources[i].line.empty()) continue;
        const bool is_nameless = f.file == "<string>" || f.file == "<unknown>";
        texts[i] = is_nameless ? code_text::lost_and_nameless : code_text::lost;
    }
    return texts;
}

inline report_model make_report_model(const snapshot& taken, facts run) {
    report_model report;
    report.run = std::move(run);
    report.chosen = select(tidied(taken, report.run.program));
    report.graph = make_call_graph(report.chosen.shown);
    const code_owners owners(report.run.program);
    report.owners = report.chosen.shown.frames() |
                    ranges::views::transform([&](const frame& f) { return owners.of(f); }) |
                    ranges::to<std::vector>();
    report.sources = read_sources(report.chosen.shown, report.run.started);
    report.lines = your_lines(report.graph, report.owners, texts_of_frames(report));
    for (const std::string& file : newer_files(report)) {
        report.run.notes.push_back(file +
                                   " was changed after the program began: the source lines " +
                                   "shown may not be those that ran.");
    }
    return report;
}

}  // namespace fil::report
