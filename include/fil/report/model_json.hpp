#pragma once
// The page's data: a report model as one JSON object, safe inside a <script> element.
//
// The schema is documented in docs/design/report.md; lib/assets/ reads it. Numbers are raw, what
// there is nothing to say about is left out, frames and source lines stand once each.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/report/facts_text.hpp"
#include "fil/report/json_writer.hpp"
#include "fil/report/report_model.hpp"

namespace fil::report {

class model_writer {
  public:
    explicit model_writer(const report_model& report) : report_(report) {}

    std::string run() {
        json_.begin('{').pair("version", 1);
        write_facts();
        write_lines();
        write_frames();
        write_tree();
        json_.key("hidden").begin('{');
        json_.pair("callstacks", report_.chosen.hidden_callstacks);
        json_.pair("bytes", report_.chosen.hidden_bytes).end('}');
        write_mappings();
        json_.end('}');
        return json_.take();
    }

  private:
    void write_facts() {
        const facts& run = report_.run;
        json_.key("facts").begin('{').pair("version", run.version);
        write_texts("argv", run.arguments);
        json_.pair("command", command_text(run)).pair("runtime", run.runtime);
        json_.pair("kind", run.program.kind == program_kind::python ? "python" : "native");
        json_.pair("start", start_text(run.started));
        json_.pair("start_unix", run.started.value_or(0)).pair("duration", run.duration);
        json_.pair("peak", run.peak).pair("peak_seconds", run.peak_seconds);
        json_.key("resident").begin('{').pair("total", run.resident.total);
        json_.pair("anonymous", run.resident.anonymous).pair("file", run.resident.file);
        json_.pair("shared", run.resident.shared).pair("peak_shared", run.peak_shared).end('}');
        json_.key("ending").begin('{').pair("kind", ending_word(run.ending.kind));
        json_.pair("value", run.ending.value).pair("text", ending_text(run.ending)).end('}');
        json_.array("samples", run.timelines, [&](const timeline& line) { write_timeline(line); });
        json_.array("processes", run.processes, [&](const process_facts& process) {
            json_.begin('{').pair("pid", process.pid).pair("name", process.command);
            json_.pair("peak", process.peak).pair("note", process.note).end('}');
        });
        json_.key("exact").begin('{').pair("threads", run.exact.threads);
        json_.pair("bound", run.exact.bound).pair("missed", run.exact.missed);
        json_.pair("dropped", run.exact.dropped).pair("unprofiled", run.exact.unprofiled);
        json_.pair("sandboxed", run.exact.sandboxed).pair("refused", run.exact.refused);
        json_.pair("whyRefused", run.exact.why_refused).end('}');
        write_texts("variables", run.variables);
        json_.array("untouched", report_.chosen.shown.untouched_mappings(),
                    [&](const untouched_mapping& mapping) {
                        json_.begin('{');
                        write_place(mapping.callstack);
                        json_.pair("bytes", mapping.bytes).pair("resident", mapping.resident);
                        json_.end('}');
                    });
        write_texts("notes", run.notes);
        json_.end('}');
    }

    void write_texts(std::string_view name, const std::vector<std::string>& texts) {
        json_.array(name, texts, [&](const std::string& text) { json_.value(text); });
    }

    void write_timeline(const timeline& line) {
        json_.begin('{').pair("pid", line.pid).pair("name", line.name);
        json_.array("points", line.samples, [&](const timeline_sample& sample) {
            json_.begin('{').pair("t", sample.seconds).pair("a", sample.allocated);
            json_.pair("r", sample.resident).end('}');
        });
        json_.end('}');
    }

    void write_lines() {
        const double whole = static_cast<double>(report_.shown_bytes());
        json_.array("lines", report_.lines, [&](const your_line& line) {
            json_.begin('{').pair("bytes", line.bytes);
            json_.pair("share", static_cast<double>(line.bytes) / whole);
            write_frame_place(report_.frame_at(line.frame));
            json_.pair("source", report_.source_of(line.frame).line);
            json_.pair("node", to_index(line.node)).end('}');
        });
    }

    void write_frame_place(const frame& f) {
        json_.pair("file", f.file).pair("line", f.line).pair("function", f.function);
    }

    // Where a callstack stood: its innermost frame of the user's own code, else its innermost.
    void write_place(callstack_index innermost) {
        const auto& callstacks = report_.chosen.shown.callstacks();
        if (innermost == callstack_index::empty) return write_frame_place({});
        frame_index best = callstacks[to_index(innermost)].frame;
        for (auto i = innermost; i != callstack_index::empty; i = callstacks[to_index(i)].caller) {
            const frame_index here = callstacks[to_index(i)].frame;
            if (report_.owner_of(here).owner == frame_owner::user) {
                best = here;
                break;
            }
        }
        write_frame_place(report_.frame_at(best));
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

    void write_frames() {
        json_.key("frames").begin('[');
        for (std::size_t i = 0; i < report_.owners.size(); ++i) {
            write_frame(report_.chosen.shown.frames()[i], report_.owners[i], report_.sources[i]);
        }
        json_.end(']');
    }

    void write_frame(const frame& f, const ownership& owned, const source_excerpt& source) {
        constexpr std::array owners{"user", "library", "stdlib", "native"};
        json_.begin('{').pair("f", f.function).pair("p", f.file).pair("l", f.line);
        json_.pair("o", owners[static_cast<std::size_t>(owned.owner)]);
        if (!owned.package.empty()) json_.pair("g", owned.package);
        if (!source.line.empty()) json_.pair("s", source.line);
        if (!source.line.empty() && !source.before.empty()) write_texts("b", source.before);
        if (!source.line.empty() && !source.after.empty()) write_texts("a", source.after);
        if (source.newer) json_.pair("n", 1);
        json_.end('}');
    }

    void write_tree() {
        json_.key("tree").begin('{');
        const auto& nodes = report_.graph.nodes;
        auto column = [&](std::string_view name, auto number) {
            json_.array(name, nodes, [&](const call_graph::node& n) { json_.value(number(n)); });
        };
        const auto* root = nodes.data();
        column("parent", [](const call_graph::node& n) { return to_index(n.parent); });
        column("frame", [&](const call_graph::node& n) {
            return &n == root ? -1 : static_cast<std::int64_t>(to_index(n.frame));
        });
        column("self", [](const call_graph::node& n) { return n.self; });
        column("allocations", [](const call_graph::node& n) { return n.allocations; });
        json_.end('}');
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
                json_.begin('{');
                write_place(entry.callstack);
                json_.pair("bytes", entry.used.bytes);
                json_.array("stack", frames_of(entry.callstack),
                            [&](frame_index i) { json_.value(to_index(i)); });
                json_.end('}');
            });
            json_.end('}');
        }
        json_.end(']');
    }

    const report_model& report_;
    json_writer json_;
};

inline std::string model_json(const report_model& report) {
    return model_writer(report).run();
}

}  // namespace fil::report
