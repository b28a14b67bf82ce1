#pragma once
// A recording becomes a snapshot: who held what, in words.
//
// Reads while writers may go on. What no writer writes (a caller that comes after its callee, an
// unknown function) throws damaged_recording: half a report would look like a whole one.
// Cold code; any thread, one at a time.

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fil/recording/view.hpp"
#include "fil/report/paths.hpp"
#include "fil/report/snapshot.hpp"
#include "fil/report/usage_reader.hpp"

namespace fil {

// The seam of names: the frames behind an address of native code, outermost first (inlined
// functions are several). They are borrowed until the next call.
using resolve_address = std::function<const std::vector<report::frame>&(
    std::string_view module_path, std::string_view build_id, std::uint32_t offset)>;

// Knows no names: code is a place in its module, "libx.so+0x1234".
class null_names {
  public:
    const std::vector<report::frame>& operator()(std::string_view module_path, std::string_view,
                                                 std::uint32_t offset) {
        char digits[9] = {};
        std::to_chars(digits, digits + 8, offset, 16);
        frames_[0].module = module_path;
        frames_[0].file = std::string(report::base_name(module_path)) + "+0x" + digits;
        return frames_;
    }

  private:
    std::vector<report::frame> frames_{{.kind = report::frame_kind::native}};
};

struct read_snapshot_result {
    report::snapshot snapshot;
    std::vector<report::callstack_index> index_of;  // by callstack id; `empty` where not needed
};

inline callstack_record callstack_at(const recording_view& recording, callstack_id id) {
    const callstack_record* there = recording.callstack(id);
    if (there == nullptr) throw damaged_recording();
    const callstack_record record = *there;
    if (to_index(record.caller) >= to_index(id)) throw damaged_recording();
    return record;
}

// Marks a callstack and all its callers.
inline void mark(std::vector<bool>& needed, const recording_view& recording, callstack_id id) {
    while (to_index(id) > 1 && to_index(id) < needed.size() && !needed[to_index(id)]) {
        needed[to_index(id)] = true;
        id = callstack_at(recording, id).caller;
    }
}

// By id. Each has texts of its own: all together they are no longer than the recording.
class recorded_functions {
  public:
    explicit recorded_functions(const recording_view& recording)
        : recording_(recording), left_(recording.used_bytes()) {}

    function_record at(function_id id) {
        const function_record* there = recording_.function(id);
        if (there == nullptr) throw damaged_recording();
        const function_record record = *there;
        if (was_met_.size() <= to_index(id)) was_met_.resize(to_index(id) + 1);
        if (was_met_[to_index(id)]) return record;
        was_met_[to_index(id)] = true;
        for (const text_reference text : {record.name, record.file, record.directory}) {
            if (!recording_.holds(text) || text.length > left_) throw damaged_recording();
            left_ -= text.length;
        }
        return record;
    }

  private:
    const recording_view& recording_;
    std::uint64_t left_;
    std::vector<bool> was_met_;
};

inline report::frame named_frame(const recording_view& recording, const function_record& function,
                                 std::uint32_t line) {
    report::frame frame;
    if (function.kind == function_kind::threads) {
        frame.module = recording.text(function.file);
        frame.kind = report::frame_kind::threads;
        return frame;
    }
    frame.function = recording.text(function.name);
    if (function.kind == function_kind::errand) {
        frame.kind = report::frame_kind::errand;
        frame.module = recording.text(function.file);
        frame.first_line = line;
        return frame;
    }
    frame.file = recording.text(function.file);
    frame.directory = recording.text(function.directory);
    frame.line = line;
    frame.first_line = function.first_line;
    frame.kind = report::frame_kind_of(static_cast<std::uint32_t>(function.kind));
    return frame;
}

// `wanted` are callstacks that shall be in the snapshot although they hold nothing.
inline read_snapshot_result read_snapshot(const recording_view& recording,
                                          const usage_at_peak& usage,
                                          const std::vector<callstack_id>& wanted = {},
                                          const resolve_address& resolve = null_names()) {
    std::size_t callstacks = recording.callstacks_there();
    for (const std::vector<report::usage>& table : usage.by_kind) {
        callstacks = std::max(callstacks, table.size());
    }
    std::vector<bool> needed(callstacks);
    for (const std::vector<report::usage>& table : usage.by_kind) {
        for (std::uint32_t id = 2; id < table.size(); ++id) {
            if (table[id].bytes != 0) mark(needed, recording, callstack_id{id});
        }
    }
    for (callstack_id id : wanted) mark(needed, recording, id);

    recorded_functions known(recording);
    read_snapshot_result result;
    report::snapshot& snapshot = result.snapshot;
    std::vector<report::callstack_index>& index_of = result.index_of;
    index_of.resize(needed.size(), report::callstack_index::empty);
    snapshot.reserve_callstacks(std::ranges::count(needed, true));
    for (std::uint32_t id = 2; id < needed.size(); ++id) {
        if (!needed[id]) continue;
        const callstack_record node = callstack_at(recording, callstack_id{id});
        report::callstack_index at = index_of[to_index(node.caller)];
        if (node.function != function_id::none) {  // the root of a run has none
            const function_record function = known.at(node.function);
            if (function.kind == function_kind::native_module) {
                for (const report::frame& frame : resolve(
                         recording.text(function.file), recording.text(function.name), node.line)) {
                    at = snapshot.add_callstack(at, snapshot.add_frame(frame));
                }
            } else {
                at = snapshot.add_callstack(
                    at, snapshot.add_frame(named_frame(recording, function, node.line)));
            }
        }
        index_of[id] = at;
    }
    for (std::size_t kind = 0; kind < usage.by_kind.size(); ++kind) {
        const std::vector<report::usage>& table = usage.by_kind[kind];
        snapshot.reserve_usage(
            static_cast<mapping_kind>(kind),
            std::ranges::count_if(table, [](const auto& used) { return used.bytes != 0; }));
        for (std::uint32_t id = 1; id < table.size(); ++id) {
            if (table[id].bytes == 0) continue;
            const auto at = id == 1 ? report::callstack_index::empty : index_of[id];
            snapshot.add_usage(static_cast<mapping_kind>(kind), at, table[id]);
        }
    }
    // The newest text of a name wins.
    std::set<std::string_view> seen;
    recording.for_each_source([&](std::string_view names, std::string_view text) {
        const std::size_t zero = std::min(names.find('\0'), names.size());
        const std::string file(names.substr(0, zero));
        if (!seen.insert(names.substr(0, zero)).second) return;
        snapshot.add_text(file, std::string(text));
        if (zero + 1 < names.size()) snapshot.add_name(file, std::string(names.substr(zero + 1)));
    });
    return result;
}

}  // namespace fil
