#pragma once
// The page's data: a report model as one JSON object, safe inside a <script> element.
//
// The schema is documented in docs/design/report.md; lib/report/assets/ reads it. Numbers are raw,
// what there is nothing to say about is left out, frames and texts stand once each. It is bounded:
// small nodes of the graph are joined until it is small enough (small_nodes.hpp).

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/report/facts_text.hpp"
#include "fil/report/frame_label.hpp"
#include "fil/report/graph_folding.hpp"
#include "fil/report/json_writer.hpp"
#include "fil/report/leaves_first.hpp"
#include "fil/report/moment_text.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/resident_lines.hpp"
#include "fil/report/small_nodes.hpp"
#include "fil/report/string_table.hpp"

namespace fil::report {

class model_writer {
  public:
    // `graph` is what is drawn of the report's.
    model_writer(const report_model& report, const call_graph& graph)
        : report_(report), graph_(graph) {}

    std::string written() {
        json_.begin('{').pair("version", 3);
        write_facts();
        write_lines();
        write_tree();
        write_sums();
        json_.pair("leastTurned", least_share_turned);
        write_mappings();
        write_frames();
        json_.pair("strings", texts_.take());
        json_.end('}');
        return json_.take();
    }

  private:
    void write_facts() {
        const facts& about = report_.about;
        json_.key("facts").begin('{').pair("version", about.version);
        json_.pair("shell", shell_quoted(about.arguments));
        json_.pair("command", command_text(about)).pair("runtime", about.runtime);
        json_.pair("beside", conventions::of(about.program.kind).beside_blocks);
        json_.pair("start", start_text(about));
        json_.pair("start_unix", about.started.value_or(0)).pair("duration", about.duration);
        json_.pair("moment", text_of_moment(about.kind).word);
        json_.pair("peak", about.peak).pair("peak_seconds", about.peak_seconds);
        json_.key("limit").begin('{').pair("bytes", about.limit.bytes);
        json_.pair("name", about.limit.name).end('}');
        write_request();
        json_.key("resident").begin('{').pair("total", about.resident.total);
        json_.pair("anonymous", about.resident.anonymous).pair("file", about.resident.file);
        json_.pair("shared", about.resident.shared).pair("peak_shared", about.peak_shared);
        const auto write_line = [&](const resident_line& line) {
            json_.begin('{').pair("kind", line.kind).pair("text", line.text);
            json_.pair("bytes", line.bytes).end('}');
        };
        json_.array("lines", resident_lines(report_), write_line);
        write_sparse("sparse", report_.sparse);
        write_sparse("last_sparse", report_.last_sparse);
        json_.pair("last_seconds", about.resident.last_seconds);
        json_.array("last_lines", last_resident_lines(report_), write_line);
        json_.end('}');
        json_.key("ending").begin('{').pair("kind", ending_word(about.ending.kind));
        json_.pair("value", about.ending.value).pair("text", ending_text(about.ending)).end('}');
        json_.array("samples", about.timelines,
                    [&](const timeline& line) { write_timeline(line); });
        write_processes();
        json_.key("exact").begin('{').pair("threads", about.exact.threads);
        json_.pair("bound", about.exact.bound).pair("missed", about.exact.missed);
        json_.pair("dropped", about.exact.dropped);
        json_.pair("unprofiled", about.exact.unrecorded.unprofiled);
        json_.pair("sandboxed", about.exact.unrecorded.sandboxed);
        json_.pair("refused", about.exact.unrecorded.refused);
        json_.pair("leftOut", about.exact.unrecorded.left_out);
        json_.pair("neverConnected", about.exact.unrecorded.missed);
        write_texts("unrecorded", unrecorded_texts(about.exact.unrecorded));
        json_.end('}');
        write_texts("variables", about.variables);
        json_.array("untouched", report_.chosen.shown.untouched_mappings(),
                    [&](const untouched_mapping& mapping) {
                        json_.begin('{').pair("frame", place_of(mapping.callstack));
                        json_.pair("bytes", mapping.bytes).pair("resident", mapping.resident);
                        json_.end('}');
                    });
        write_texts("notes", about.notes);
        json_.end('}');
    }

    void write_sparse(std::string_view name, const sparse_lines& sparse) {
        json_.key(name).begin('{').pair("bytes", sparse.bytes);
        json_.array("lines", sparse.lines, [&](const your_line& line) {
            json_.begin('{').pair("frame", number_of(line.frame)).pair("bytes", line.bytes);
            json_.end('}');
        });
        json_.pair("rest", sparse.rest).end('}');
    }

    void write_request() {
        const callstack_usage* asked = report_.request();
        json_.key("request").begin('{').pair("bytes", asked != nullptr ? asked->used.bytes : 0);
        json_.pair("frame", asked != nullptr ? place_of(asked->callstack) : -1).end('}');
    }

    // Equal ones have the number of a text in `equals`.
    void write_processes() {
        const facts& about = report_.about;
        std::vector<std::string> equals;
        json_.key("processes").begin('[');
        for (std::size_t i = 0; is_of_several(about) && i < about.processes.size(); ++i) {
            const process_facts& process = about.processes[i];
            json_.begin('{').pair("pid", process.pid).pair("name", process.name);
            json_.pair("bytes", process.bytes).pair("peak", process.peak);
            json_.pair("peakSeconds", process.peak_seconds).pair("note", process.note);
            const auto known = std::ranges::find(equals, process.equals);
            json_.pair("equals", process.equals.empty() ? -1 : known - equals.begin());
            if (known == equals.end() && !process.equals.empty()) equals.push_back(process.equals);
            if (!report_.processes.empty()) json_.pair("frame", number_of(report_.processes[i]));
            json_.end('}');
        }
        json_.end(']');
        write_texts("equals", equals);
        json_.key("others").begin('{').pair("count", about.others.count);
        json_.pair("most", about.others.most).end('}');
    }

    void write_texts(std::string_view name, const std::vector<std::string>& texts) {
        json_.array(name, texts, [&](const std::string& text) { json_.value(text); });
    }

    std::string name_of(const timeline& line) const {
        const auto& others = report_.about.processes;
        const auto of = std::ranges::find(others, line.pid, &process_facts::pid);
        return process_text(line.name.empty() && of != others.end() ? of->name : line.name);
    }

    // Points one after the other: seconds, allocated, resident.
    void write_timeline(const timeline& line) {
        json_.begin('{').pair("pid", line.pid).pair("name", name_of(line));
        json_.key("points").begin('[');
        for (const timeline_sample& sample : line.samples)
            json_.value(sample.seconds).value(sample.allocated).value(sample.resident);
        json_.end(']').end('}');
    }

    void write_lines() {
        json_.array("threads", report_.held.threads, [&](const threads_usage& some) {
            json_.begin('{').pair("frame", number_of(some.started_at));
            json_.pair("threads", number_of(some.threads)).pair("bytes", some.bytes).end('}');
        });
        json_.pair("smallThreads", report_.held.small_threads);
        json_.key("lines").begin('[');
        for (const your_line& line : report_.held.lines) write_line(line, false);
        for (const your_line& line : report_.held.imports) write_line(line, true);
        json_.end(']');
        const std::vector<line_row> rows = rows_of_lines(report_.held);
        const auto place = std::ranges::find(rows, nullptr, &line_row::line) - rows.begin();
        json_.key("imports").begin('{').pair("lines", report_.held.importing_lines);
        json_.pair("bytes", report_.held.importing_bytes).pair("place", place).end('}');
        json_.key("smallLines").begin('{').pair("lines", report_.held.small_lines);
        json_.pair("bytes", report_.held.small_bytes).end('}');
        json_.pair("others", report_.held.others);
        json_.key("compiling").begin('{').pair("bytes", report_.held.compiling);
        const bool compiles = report_.held.compiling > 0;
        json_.pair("frame", compiles ? std::int64_t{number_of(report_.held.compiler)} : -1)
            .end('}');
        json_.pair("hint", lines_hint(report_));
    }

    void write_line(const your_line& line, bool imports) {
        json_.begin('{').pair("frame", number_of(line.frame)).pair("bytes", line.bytes);
        if (line.below > line.bytes) json_.pair("below", line.below);
        if (imports) json_.pair("imports", 1);
        if (line.guessed > 0) json_.pair("guessed", guessed_text(line));
        json_.pair("node", widest_node(line.frame)).end('}');
    }

    // Where a line holds the most; 0: the graph does not show it.
    std::size_t widest_node(frame_index frame) const {
        std::size_t widest = 0;
        for (std::size_t i = 1; i < graph_.nodes.size(); ++i) {
            const bool wider = widest == 0 || graph_.nodes[i].total > graph_.nodes[widest].total;
            if (graph_.nodes[i].frame == frame && wider) widest = i;
        }
        return widest;
    }

    void write_sums() {
        const auto& listed = report_.chosen.shown.used(mapping_kind::anonymous);
        json_.key("hidden").begin('{');
        json_.pair("callstacks",
                   report_.chosen.hidden_callstacks + listed.size() - report_.chosen.on_page);
        json_.pair("bytes", report_.all_bytes() - graph_[graph_node::root].total).end('}');
        json_.key("listed").begin('{');
        json_.pair("callstacks", report_.folded.size());
        json_.pair("bytes", report_.shown_bytes()).end('}');
    }

    std::int64_t place_of(callstack_index innermost) {
        const std::optional<frame_index> place = report_.place_of(innermost);
        return place ? std::int64_t{number_of(*place)} : -1;
    }

    // Outermost first.
    std::vector<frame_index> frames_of(callstack_index innermost) const {
        const auto& callstacks = report_.chosen.shown.callstacks();
        std::vector<frame_index> frames;
        for (auto i = innermost; i != callstack_index::empty; i = callstacks[to_index(i)].caller) {
            frames.push_back(callstacks[to_index(i)].frame);
        }
        return {frames.rbegin(), frames.rend()};
    }

    // Frames are numbered as they are met, so that only those of the page are in it.
    std::uint32_t number_of(frame_index frame) {
        const auto [known, is_new] =
            numbers_.try_emplace(frame, static_cast<std::uint32_t>(frames_.size()));
        if (is_new) frames_.push_back(frame);
        return known->second;
    }

    // A column for each of their parts; texts are numbers of the table.
    void write_frames() {
        json_.key("frames").begin('{');
        auto column = [&](std::string_view name, auto value) {
            json_.array(name, frames_, [&](frame_index i) { json_.value(value(i)); });
        };
        column("f", [&](frame_index i) { return texts_(report_.frame_at(i).function); });
        column("d", [&](frame_index i) { return texts_(folder_of(i)); });
        column("p", [&](frame_index i) {
            return texts_(report_.shown_file(i).substr(folder_of(i).size()));
        });
        column("l", [&](frame_index i) { return report_.frame_at(i).line; });
        column("o", [&](frame_index i) { return static_cast<int>(report_.owner_of(i).owner); });
        column("g", [&](frame_index i) { return texts_(report_.owner_of(i).package); });
        column("s", [&](frame_index i) { return texts_(report_.source_of(i).line); });
        write_around("b", &source_excerpt::before);
        write_around("a", &source_excerpt::after);
        write_name_parts();
        write_which("m", [&](frame_index i) {
            const frame& f = report_.frame_at(i);
            return conventions::of(f).is_whole_file(f);
        });
        write_which("n", [&](frame_index i) { return report_.source_of(i).newer; });
        json_.end('}');
    }

    // What a library's path begins with, before what says which file it is.
    std::string folder_of(frame_index i) const {
        const frame& f = report_.frame_at(i);
        const std::size_t inside = path_inside(f, report_.owner_of(i).owner).size();
        return f.file.substr(0, f.file.size() - inside);
    }

    // By the number of a frame, where a name has parts that may be left out.
    void write_name_parts() {
        json_.key("h").begin('{');
        for (std::size_t i = 0; i < frames_.size(); ++i) {
            const frame& f = report_.frame_at(frames_[i]);
            const std::vector<std::string> parts = name_parts(f);
            if (f.function.empty() || (parts.size() == 1 && parts[0] == f.function)) continue;
            json_.array(std::to_string(i), parts,
                        [&](const std::string& part) { json_.value(texts_(part)); });
        }
        json_.end('}');
    }

    template <typename Is>
    void write_which(std::string_view name, Is is) {
        json_.key(name).begin('[');
        for (std::size_t i = 0; i < frames_.size(); ++i)
            if (is(frames_[i])) json_.value(i);
        json_.end(']');
    }

    // By the number of a frame: the lines before (or after) its own.
    void write_around(std::string_view name, std::vector<std::string> source_excerpt::*lines) {
        json_.key(name).begin('{');
        for (std::size_t i = 0; i < frames_.size(); ++i) {
            const source_excerpt& source = report_.source_of(frames_[i]);
            if (source.line.empty() || (source.*lines).empty()) continue;
            json_.array(std::to_string(i), source.*lines,
                        [&](const std::string& line) { json_.value(texts_(line)); });
        }
        json_.end('}');
    }

    void write_tree() {
        json_.key("tree").begin('{');
        const auto& nodes = graph_.nodes;
        auto column = [&](std::string_view name, auto number) {
            json_.key(name).begin('[');
            for (std::size_t i = 1; i < nodes.size(); ++i) json_.value(number(i, nodes[i]));
            json_.end(']');
        };
        column("up",
               [](std::size_t i, const call_graph::node& n) { return i - to_index(n.parent); });
        column("frame", [&](std::size_t, const call_graph::node& n) { return number_of(n.frame); });
        column("self", [](std::size_t, const call_graph::node& n) { return n.self; });
        column("allocations", [](std::size_t, const call_graph::node& n) { return n.allocations; });
        write_recursions();
        json_.end('}');
    }

    // Of nodes that stand for several frames: the node, how many at most; then 0 for a chain, or of
    // a cycle of several functions its length and the frame that comes next.
    void write_recursions() {
        json_.key("joined").begin('[');
        for (std::size_t i = 1; i < graph_.nodes.size(); ++i) {
            const call_graph::node& n = graph_.nodes[i];
            if (n.joined < 2) continue;
            json_.begin('[').value(i).value(n.joined);
            if (n.why == joined_by::chain) {
                json_.value(0);
            } else if (n.period > 1) {
                json_.value(n.period).value(number_of(n.next));
            }
            json_.end(']');
        }
        json_.end(']');
    }

    void write_mappings() {
        json_.key("mappings").begin('[');
        using kind_name = std::pair<mapping_kind, const char*>;
        for (const auto& [kind, name] :
             {kind_name{mapping_kind::file, "file"}, kind_name{mapping_kind::shared, "shared"},
              kind_name{mapping_kind::reserved, "reserved"},
              kind_name{mapping_kind::arena, "arena"}}) {
            json_.begin('{').pair("kind", name);
            json_.pair("bytes", report_.chosen.totals[static_cast<std::size_t>(kind)]);
            json_.array("top", report_.chosen.shown.used(kind), [&](const callstack_usage& entry) {
                json_.begin('{').pair("frame", place_of(entry.callstack));
                json_.pair("bytes", entry.used.bytes);
                json_.array("stack", frames_of(entry.callstack),
                            [&](frame_index i) { json_.value(number_of(i)); });
                json_.end('}');
            });
            json_.end('}');
        }
        json_.end(']');
    }

    const report_model& report_;
    const call_graph& graph_;
    json_writer json_;
    string_table texts_;
    std::map<frame_index, std::uint32_t> numbers_;
    std::vector<frame_index> frames_;  // by number
};

// So many bytes a model takes at most, if what is not its graph leaves room: long chains of it are
// folded, then its small nodes are joined. The page of a part that has a title is shown inside
// something larger, a notebook.
struct model_limits {
    std::size_t whole_bytes = 700'000;
    std::size_t part_bytes = 300'000;
    std::size_t most_nodes = 20'000;
};

inline std::string model_json(const report_model& report, const model_limits& limits = {}) {
    const std::size_t room = report.about.title.empty() ? limits.whole_bytes : limits.part_bytes;
    call_graph whole = fold_recursion(make_call_graph(report.chosen.shown, report.chosen.on_page));
    std::string json = model_writer(report, whole).written();
    if (json.size() <= room) return json;
    whole = fold_chains(whole);
    for (std::size_t most = std::min(limits.most_nodes, whole.nodes.size());; most = most * 3 / 4) {
        json = model_writer(report, join_small(whole, most, report.small_callstacks)).written();
        if (json.size() <= room || most < 100) return json;
    }
}

}  // namespace fil::report
