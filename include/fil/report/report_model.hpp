#pragma once
// The report before it has a format: every stage applied to a snapshot, in order.
//
//     snapshot of each process → tidied ─→ process_merge ┬→ your lines
//                                                        └→ select → call graph, owners, sources
//
// Exporters (folded, SVG, page) only read it. Made once a report, by whoever has a snapshot and the
// facts; cold code in a process of its own.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fil/report/call_graph.hpp"
#include "fil/report/errand_text.hpp"
#include "fil/report/facts.hpp"
#include "fil/report/folded.hpp"
#include "fil/report/frame_owner.hpp"
#include "fil/report/process_merge.hpp"
#include "fil/report/selection.hpp"
#include "fil/report/session_snapshot.hpp"
#include "fil/report/shown_path.hpp"
#include "fil/report/source_lines.hpp"
#include "fil/report/sparse_lines.hpp"
#include "fil/report/tidy.hpp"
#include "fil/report/your_lines.hpp"

namespace fil::report {

struct report_model {
    facts about;
    selection chosen;
    call_graph graph;                     // callers first
    std::vector<ownership> owners;        // by frame of chosen.shown
    std::vector<source_excerpt> sources;  // by frame of chosen.shown
    held_by_lines held;                   // of the whole snapshot; frames of chosen.shown
    sparse_lines sparse, last_sparse;     // likewise
    std::vector<callstack_usage> folded;  // what peak-memory.prof lists of chosen.shown

    std::vector<frame_index>
        processes;                 // that stand for each of about.processes, if there are several
    frame_index small_callstacks;  // stands for what is too small for the page

    const frame& frame_at(frame_index i) const { return chosen.shown.frames()[to_index(i)]; }
    const ownership& owner_of(frame_index i) const { return owners[to_index(i)]; }
    const source_excerpt& source_of(frame_index i) const { return sources[to_index(i)]; }
    std::string shown_file(frame_index i) const {
        return shown_path(frame_at(i), owner_of(i).owner, about.program);
    }
    // Where a callstack stood: its innermost frame of the user's own code, else its innermost.
    std::optional<frame_index> place_of(callstack_index innermost) const {
        const auto& callstacks = chosen.shown.callstacks();
        if (innermost == callstack_index::empty) return std::nullopt;
        for (auto i = innermost; i != callstack_index::empty; i = callstacks[to_index(i)].caller) {
            const frame_index here = callstacks[to_index(i)].frame;
            if (owner_of(here).owner == frame_owner::user) return here;
        }
        return callstacks[to_index(innermost)].frame;
    }
    // When memory ran out: the callstack that asked for more; nullptr: nobody did.
    const callstack_usage* request() const {
        const auto& asked = chosen.shown.used(mapping_kind::requested);
        return asked.empty() ? nullptr : &asked.front();
    }
    std::int64_t shown_bytes() const { return graph[graph_node::root].total; }
    std::int64_t all_bytes() const { return shown_bytes() + chosen.hidden_bytes; }
};

// The user's own files that are newer than the about, each once.
inline std::vector<std::string> newer_files(const report_model& report) {
    std::set<std::string> files;
    for (std::size_t i = 0; i < report.owners.size(); ++i) {
        const bool user = report.owners[i].owner == frame_owner::user;
        if (user && report.sources[i].newer) files.insert(report.chosen.shown.frames()[i].file);
    }
    return {files.begin(), files.end()};
}

// By frame. Code of no file has a text only if somebody kept it.
inline std::vector<code_text> texts_of_frames(const snapshot& tidy) {
    std::vector<code_text> texts(tidy.frames().size(), code_text::kept);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const frame& f = tidy.frames()[i];
        const std::string& file = f.file;
        if (!is_pseudo_file(file) || tidy.texts().contains(file)) continue;
        const bool is_nameless = conventions::of(f).is_nameless_file(file);
        texts[i] = is_nameless ? code_text::lost_and_nameless : code_text::lost;
    }
    return texts;
}

inline std::vector<ownership> owners_of_frames(const snapshot& of, const program_facts& program) {
    const code_owners owners(program);
    std::vector<ownership> result;
    result.reserve(of.frames().size());
    for (const frame& f : of.frames()) result.push_back(owners.of(f));
    return result;
}

// Native code of which only the function is known.
inline bool is_lineless(const frame& f) {
    return f.kind == frame_kind::native && f.line == 0 && !f.function.empty();
}

// By frame: whose row among the lines it belongs to. Of native code without line numbers that is
// the first frame of its function.
inline std::vector<frame_index> rows_of_frames(const snapshot& tidy) {
    std::map<std::pair<std::string, std::string>, frame_index> functions;
    std::vector<frame_index> rows;
    rows.reserve(tidy.frames().size());
    for (const frame& f : tidy.frames()) {
        const frame_index own{static_cast<std::uint32_t>(rows.size())};
        rows.push_back(is_lineless(f)
                           ? functions.try_emplace({f.module, f.function}, own).first->second
                           : own);
    }
    return rows;
}

// A frame of it, that is to be shown as a line.
inline void show_frame(frame_index& of_tidy, const snapshot& tidy, snapshot& shown) {
    frame f = tidy.frames()[to_index(of_tidy)];
    if (is_lineless(f)) f.file = base_name(f.module);
    of_tidy = shown.add_frame(f);
    const auto text = tidy.texts().find(f.file);
    if (text != tidy.texts().end()) shown.add_text(text->first, text->second);
}

// The lines of the whole snapshot, with frames of what is shown of it.
inline held_by_lines lines_of(const snapshot& tidy, const program_facts& program, snapshot& shown) {
    held_by_lines held = your_lines(tidy, owners_of_frames(tidy, program), texts_of_frames(tidy),
                                    rows_of_frames(tidy));
    gather_imports(held);
    leave_out_small_lines(held);
    leave_out_small_threads(held);
    const auto show = [&](frame_index& of_tidy) { show_frame(of_tidy, tidy, shown); };
    for (your_line& line : held.lines) show(line.frame);
    for (your_line& line : held.imports) show(line.frame);
    if (held.compiling > 0) show(held.compiler);
    for (threads_usage& some : held.threads) {
        show(some.started_at);
        show(some.threads);
    }
    return held;
}

inline void add_sparse_lines(report_model& report, const snapshot& tidy) {
    if (tidy.used(sparse_at_peak).empty() && tidy.used(sparse_afterwards).empty()) return;
    const std::vector<ownership> owners = owners_of_frames(tidy, report.about.program);
    const std::vector<code_text> texts = texts_of_frames(tidy);
    const std::vector<frame_index> rows = rows_of_frames(tidy);
    const auto lines = [&](mapping_kind kind, std::int64_t resident) {
        sparse_lines sparse =
            sparse_lines_of(your_lines(tidy, owners, texts, rows, kind), resident);
        for (your_line& line : sparse.lines) show_frame(line.frame, tidy, report.chosen.shown);
        return sparse;
    };
    report.sparse = lines(sparse_at_peak, report.about.resident.total);
    report.last_sparse = lines(sparse_afterwards, sum_of(report.about.resident.last_parts));
}

// What lines of compiled code lack, to whom it can be said; "" if nothing.
inline std::string lineless_text(const report_model& report) {
    std::string_view text;
    for (const your_line& line : report.held.lines) {
        const frame& f = report.frame_at(line.frame);
        if (f.kind != frame_kind::native || f.line > 0) continue;
        if (f.function.empty()) return std::string(conventions::native::without_names);
        text = conventions::native::without_lines;
    }
    return std::string(text);
}

// What is to be said of the lines, below them; "" if nothing.
inline std::string lines_hint(const report_model& report) {
    const std::string lacks = lineless_text(report), threads = errands_text(report.held.errands);
    return lacks + (lacks.empty() || threads.empty() ? "" : " ") + threads;
}

// Of all that is shown in `chosen`.
inline void add_owners_and_sources(report_model& report, const source_files& files) {
    report.owners = owners_of_frames(report.chosen.shown, report.about.program);
    report.sources = read_sources(report.chosen.shown, files);
}

// The lines alone, for a look at a program that runs: a tenth of the work.
inline report_model lines_model_of_tidy(const snapshot& tidy, facts about) {
    report_model report;
    report.about = std::move(about);
    report.held = lines_of(tidy, report.about.program, report.chosen.shown);
    add_owners_and_sources(report, find_source_files(report.chosen.shown, {report.about.started}));
    return report;
}

inline report_model report_model_of(const session_snapshot& from) {
    const snapshot& tidy = from.tidy;
    report_model report;
    report.about = from.about;
    report.chosen = select(tidy);
    report.held = lines_of(tidy, report.about.program, report.chosen.shown);
    add_sparse_lines(report, tidy);
    if (report.about.processes.size() > 1) {
        for (const process_facts& process : report.about.processes)
            report.processes.push_back(report.chosen.shown.add_frame(process_frame(process)));
    }
    report.small_callstacks = report.chosen.shown.add_frame(
        {.function = "[small callstacks]", .kind = frame_kind::placeholder});
    report.graph = make_call_graph(report.chosen.shown);
    report.folded = folded_usage(report.chosen.shown);
    add_owners_and_sources(report, from.sources);
    for (std::size_t i = 0; i < report.sources.size(); ++i) {
        if (report.owners[i].owner == frame_owner::user) continue;
        report.sources[i]
            .before.clear();  // most of a page would be what surrounds libraries' lines
        report.sources[i].after.clear();
    }
    for (const std::string& file : newer_files(report)) {
        report.about.notes.push_back(file +
                                     " was changed after the program began: the source lines " +
                                     "shown may not be those that ran.");
    }
    return report;
}

// What was asked for when memory ran out becomes a part of the graph and of the list.
inline void count_requests(report_model& report) {
    if (report.request() == nullptr) return;
    const auto total = [&](mapping_kind kind) -> std::int64_t& {
        return report.chosen.totals[static_cast<std::size_t>(kind)];
    };
    total(mapping_kind::anonymous) += std::exchange(total(mapping_kind::requested), 0);
    report.chosen.shown.count_requests();
    report.graph = make_call_graph(report.chosen.shown);
    report.folded = folded_usage(report.chosen.shown);
}

// Of one process.
inline report_model make_report_model(const snapshot& taken, facts about) {
    session_snapshot from{std::move(about), {}, {}};
    from.tidy = tidied(taken, from.about.program);
    from.sources = find_source_files(from.tidy, {from.about.started});
    return report_model_of(from);
}

}  // namespace fil::report
