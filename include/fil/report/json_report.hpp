#pragma once
// The JSON exporter: all that a report knows, for programs. docs/guide/formats.md documents it
// field by field, docs/schema/report-1.json is its schema, and a test holds real reports to both.
//
// Bytes are exact; what nobody knows is null. All callstacks are in it, not a selection: a
// callstack is a node of the call tree, after its caller, so a recursion 20,000 deep takes as many
// lines and no more. It is written in parts as it is made. An element is a line, so that a log can
// be read and compared. Cold code; no locks.

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/report/facts_text.hpp"
#include "fil/report/json_words.hpp"
#include "fil/report/json_writer.hpp"
#include "fil/report/report_model.hpp"
#include "fil/report/resident_lines.hpp"

namespace fil::report {

inline constexpr int json_report_version = 1;

class json_report_writer {
  public:
    json_report_writer(std::ostream& out, const report_model& report, const snapshot& tidy)
        : out_(out),
          report_(report),
          about_(report.about),
          tidy_(tidy),
          counted_(tidy.callstacks().size()) {
        for (const auto& [at, used] : tidy.used(mapping_kind::anonymous))
            if (used.bytes > 0) counted_[to_index(at)] += used;
        for (const auto& [kind, name] : mappings_beside)
            for (const auto& [at, used] : tidy.used(kind))
                if (used.bytes > 0) beside_[{at, kind}] += used;
    }

    void write() {
        number_callstacks();
        json_.begin('{');
        write_head();
        write_processes();
        write_lines();
        write_timelines();
        write_mappings();
        write_frames();
        write_callstacks();
        json_.new_line().end('}');
        hand_over(0);
        out_ << '\n';
    }

  private:
    // Only those that hold something, and their callers; frames as they are met.
    void number_callstacks() {
        const auto& callstacks = tidy_.callstacks();
        std::vector<bool> is_needed(callstacks.size());
        for (std::size_t i = 0; i < counted_.size(); ++i) is_needed[i] = counted_[i].bytes > 0;
        for (const auto& [key, used] : beside_) is_needed[to_index(key.first)] = true;
        for (const auto& [at, used] : tidy_.used(mapping_kind::requested))
            is_needed[to_index(at)] = true;
        for (const untouched_mapping& mapping : tidy_.untouched_mappings())
            is_needed[to_index(mapping.callstack)] = true;
        for (std::size_t i = callstacks.size(); i-- > 1;)
            if (is_needed[i]) is_needed[to_index(callstacks[i].caller)] = true;
        callstack_numbers_.assign(callstacks.size(), none);
        frame_numbers_.assign(tidy_.frames().size(), none);
        std::int64_t count = 0;
        for (std::size_t i = 1; i < callstacks.size(); ++i) {
            if (!is_needed[i]) continue;
            callstack_numbers_[i] = count++;
            std::int64_t& number = frame_numbers_[to_index(callstacks[i].frame)];
            if (number != none) continue;
            number = static_cast<std::int64_t>(frames_.size());
            frames_.push_back(callstacks[i].frame);
        }
    }

    // Of a top-level key: a line of its own.
    json_writer& section(std::string_view name) { return json_.new_line().key(name); }

    json_writer& element() {
        hand_over(1 << 16);
        return json_.new_line();
    }

    void hand_over(std::size_t least) {
        if (json_.size() >= least) out_ << json_.take();
    }

    template <typename Value>
    void write_known(std::string_view name, const Value& value, bool is_known) {
        json_.key(name);
        if (is_known)
            json_.value(value);
        else
            json_.null();
    }

    void write_texts(std::string_view name, const std::vector<std::string>& texts) {
        json_.array(name, texts, [&](const std::string& text) { json_.value(text); });
    }

    void write_head() {
        section("format").value("fil-profile report");
        section("version").value(json_report_version);
        section("libfil").value(about_.version);
        section("moment").value(moment_word(about_.kind));
        section("program").begin('{').pair("command", command_text(about_));
        write_texts("arguments", about_.arguments);
        json_.pair("runtime", about_.runtime).pair("directory", about_.program.launch_directory);
        write_known("host", about_.host, !about_.host.empty());
        write_known("started", about_.started.value_or(0), about_.started.has_value());
        write_known("seconds", about_.duration, about_.duration > 0);
        const bool is_oom = about_.ending.kind == ending_facts::how::out_of_memory;
        json_.key("ending").begin('{');
        json_.pair("kind", is_oom ? "out_of_memory" : ending_word(about_.ending.kind));
        json_.pair("value", about_.ending.value).pair("text", ending_text(about_.ending));
        json_.end('}').end('}');
        section("peak").begin('{').pair("bytes", whole());
        write_known("seconds", about_.peak_seconds, is_timed());
        json_.pair("shared", about_.peak_shared).end('}');
        write_request();
        section("limit");
        if (about_.limit.bytes > 0)
            json_.begin('{')
                .pair("bytes", about_.limit.bytes)
                .pair("name", about_.limit.name)
                .end('}');
        else
            json_.null();
        section("resident");
        if (about_.resident.total > 0) {
            json_.begin('{').pair("bytes", about_.resident.total);
            json_.pair("anonymous", about_.resident.anonymous).pair("file", about_.resident.file);
            json_.pair("shared", about_.resident.shared);
            const auto write_line = [&](const resident_line& line) {
                json_.begin('{').pair("kind", line.kind).pair("text", line.text);
                json_.pair("bytes", line.bytes).end('}');
            };
            json_.array("lines", resident_lines(report_), write_line);
            write_sparse(report_.sparse, about_.resident.parts);
            json_.key("afterwards").begin('{').pair("seconds", about_.resident.last_seconds);
            json_.array("lines", last_resident_lines(report_), write_line);
            write_sparse(report_.last_sparse, about_.resident.last_parts);
            json_.end('}');
            json_.end('}');
        } else {
            json_.null();
        }
        section("exactness").begin('{').pair("bound", about_.exact.bound);
        json_.pair("threads", about_.exact.threads).pair("missed_events", about_.exact.missed);
        json_.pair("dropped_events", about_.exact.dropped);
        write_texts("unrecorded", unrecorded_texts(about_.exact.unrecorded));
        json_.end('}');
        json_.new_line();
        write_texts("notes", about_.notes);
        json_.new_line();
        write_texts("variables", about_.variables);
    }

    // null: nobody looked.
    void write_sparse(const sparse_lines& sparse, const std::vector<resident_part>& parts) {
        json_.key("sparse");
        if (parts.empty()) {
            json_.null();
            return;
        }
        json_.begin('{').pair("bytes", sparse.bytes);
        json_.array("lines", sparse.lines, [&](const your_line& line) {
            json_.begin('{');
            write_place(line.frame);
            json_.pair("bytes", line.bytes).end('}');
        });
        json_.pair("rest", sparse.rest).end('}');
    }

    // What was asked for when there was no more memory; nobody holds it.
    void write_request() {
        section("request");
        const auto& asked = tidy_.used(mapping_kind::requested);
        const auto most = std::ranges::max_element(
            asked, {}, [](const callstack_usage& one) { return one.used.bytes; });
        if (most == asked.end() || most->used.bytes <= 0) {
            json_.null();
            return;
        }
        json_.begin('{').pair("bytes", most->used.bytes).key("callstack");
        write_callstack_number(most->callstack);
        json_.end('}');
    }

    // The only one has no list of its own.
    std::vector<process_facts> processes() const {
        if (!about_.processes.empty() || whole() == 0) return about_.processes;
        return {{.name = program_text(about_),
                 .bytes = whole(),
                 .peak = whole(),
                 .peak_seconds = is_timed() ? about_.peak_seconds : -1}};
    }

    std::int64_t whole() const { return report_.all_bytes(); }
    bool is_timed() const { return about_.duration > 0 || about_.peak_seconds > 0; }

    void write_processes() {
        section("processes").begin('[');
        for (const process_facts& process : processes()) {
            element().begin('{');
            write_known("pid", process.pid, process.pid != 0);
            write_known("parent", process.parent, process.parent != 0);
            json_.pair("name", process.name).pair("bytes", process.bytes);
            json_.pair("peak", process.peak);
            write_frame_of(process);
            write_known("peak_seconds", process.peak_seconds, process.peak_seconds >= 0);
            write_known("group", process.equals, !process.equals.empty());
            write_known("note", process.note, !process.note.empty());
            json_.end('}');
        }
        json_.new_line().end(']');
        section("other_processes").begin('{').pair("count", about_.others.count);
        json_.pair("highest_peak", about_.others.most).end('}');
    }

    // Below which frame its callstacks stand; null: it is alone, all are its.
    void write_frame_of(const process_facts& process) {
        const std::string name = process_frame(process).function;
        const auto found = std::ranges::find_if(frames_, [&](frame_index i) {
            const frame& f = tidy_.frames()[to_index(i)];
            return f.kind == frame_kind::process && f.function == name;
        });
        write_known("frame", found - frames_.begin(), found != frames_.end());
    }

    // All of the peak: lines, small ones, threads, what is below no line.
    void write_lines() {
        const held_by_lines& held = report_.held;
        std::vector<your_line> listed = held.lines;
        listed.insert(listed.end(), held.imports.begin(), held.imports.end());
        std::ranges::stable_sort(listed, std::greater(), &your_line::bytes);
        section("lines").begin('[');
        for (const your_line& line : listed) {
            element().begin('{');
            write_place(line.frame);
            json_.pair("bytes", line.bytes);
            write_known("below", line.below, line.below > 0);
            json_.pair("guessed", line.guessed);
            json_.key("imports").boolean(line.imports).end('}');
        }
        json_.new_line().end(']');
        std::int64_t small = held.small_bytes + held.importing_bytes;
        for (const your_line& line : held.imports) small -= line.bytes;
        section("small_lines").begin('{');
        json_.pair("count", held.small_lines + held.importing_lines - held.imports.size());
        json_.pair("bytes", small).end('}');
        section("errands").begin('{').pair("by_task", held.errands.by_task);
        json_.pair("by_start", held.errands.by_start).pair("alone", held.errands.alone);
        json_.pair("by_job", held.errands.by_job);
        json_.pair("guessed", held.errands.guessed).end('}');
        section("threads").begin('[');
        for (const threads_usage& some : held.threads) {
            element().begin('{').pair("library", report_.owner_of(some.threads).package);
            json_.key("started_at").begin('{');
            write_place(some.started_at);
            json_.end('}').pair("bytes", some.bytes).end('}');
        }
        json_.new_line().end(']');
        section("small_threads").begin('{').pair("bytes", held.small_threads).end('}');
        section("outside_lines").begin('{').pair("bytes", held.others);
        json_.pair("compiling", held.compiling).end('}');
    }

    void write_place(frame_index at) {
        const frame& f = report_.frame_at(at);
        json_.pair("file", f.file).pair("shown_file", report_.shown_file(at));
        write_known("line", f.line, f.line > 0);
        json_.pair("function", f.function);
        const std::string& source = report_.source_of(at).line;
        write_known("source", source, !source.empty());
    }

    void write_timelines() {
        const auto write_bytes = [&](std::int64_t bytes) {
            if (bytes < 0)
                json_.null();
            else
                json_.value(bytes);
        };
        section("timelines").begin('[');
        for (const timeline& line : about_.timelines) {
            element().begin('{');
            write_known("pid", line.pid, line.pid != 0);
            json_.key("samples").begin('[');
            for (const timeline_sample& sample : line.samples) {
                json_.begin('[').value(sample.seconds);
                write_bytes(sample.allocated);
                write_bytes(sample.resident);
                json_.end(']');
            }
            json_.end(']').end('}');
        }
        json_.new_line().end(']');
    }

    void write_mappings() {
        section("beside_the_peak").begin('{');
        for (const auto& [kind, name] : mappings_beside)
            json_.pair(name, report_.chosen.totals[static_cast<std::size_t>(kind)]);
        json_.end('}');
        section("untouched").begin('[');
        for (const untouched_mapping& mapping : tidy_.untouched_mappings()) {
            element().begin('{').key("callstack");
            write_callstack_number(mapping.callstack);
            json_.pair("bytes", mapping.bytes).pair("resident", mapping.resident).end('}');
        }
        json_.new_line().end(']');
    }

    void write_frames() {
        const code_owners owners(about_.program);
        section("frames").begin('[');
        for (const frame_index number : frames_) {
            const frame& f = tidy_.frames()[to_index(number)];
            const ownership whose = owners.of(f);
            element().begin('{').pair("function", f.function);
            write_known("file", f.file, !f.file.empty());
            write_known("line", f.line, f.line > 0);
            write_known("module", f.module, !f.module.empty());
            json_.pair("kind", kind_word(f.kind)).pair("owner", owner_word(f, whose.owner));
            write_known("package", whose.package, !whose.package.empty());
            json_.end('}');
        }
        json_.new_line().end(']');
    }

    void write_callstack_number(callstack_index at) {
        const std::int64_t number = callstack_numbers_[to_index(at)];
        if (number == none)
            json_.null();
        else
            json_.value(number);
    }

    void write_callstacks() {
        const auto& callstacks = tidy_.callstacks();
        section("callstacks").begin('[');
        auto mapping = beside_.begin();
        while (mapping != beside_.end() && mapping->first.first == callstack_index::empty)
            ++mapping;
        for (std::size_t i = 1; i < callstacks.size(); ++i) {
            if (callstack_numbers_[i] == none) continue;
            element().begin('{').key("caller");
            write_callstack_number(callstacks[i].caller);
            json_.pair("frame", frame_numbers_[to_index(callstacks[i].frame)]);
            json_.pair("bytes", counted_[i].bytes).pair("allocations", counted_[i].allocations);
            const callstack_index here{static_cast<std::uint32_t>(i)};
            if (mapping != beside_.end() && mapping->first.first == here) {
                json_.key("beside").begin('{');
                for (; mapping != beside_.end() && mapping->first.first == here; ++mapping) {
                    json_.key(name_of(mapping->first.second)).begin('{');
                    json_.pair("bytes", mapping->second.bytes);
                    json_.pair("allocations", mapping->second.allocations).end('}');
                }
                json_.end('}');
            }
            json_.end('}');
        }
        json_.new_line().end(']');
    }

    static std::string_view name_of(mapping_kind kind) {
        return std::ranges::find(mappings_beside, kind, &mapping_name::first)->second;
    }

    static constexpr std::int64_t none = -1;

    std::ostream& out_;
    const report_model& report_;
    const facts& about_;
    const snapshot& tidy_;
    std::vector<usage> counted_;  // by callstack
    std::map<std::pair<callstack_index, mapping_kind>, usage> beside_;
    std::vector<std::int64_t> callstack_numbers_, frame_numbers_;  // in the text; `none`: not in it
    std::vector<frame_index> frames_;
    json_writer json_{json_place::file};
};

// `report` was made of that snapshot.
inline void write_json_report(std::ostream& out, const report_model& report, const snapshot& tidy) {
    json_report_writer(out, report, tidy).write();
}

}  // namespace fil::report
