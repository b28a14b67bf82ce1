#include "report/snapshot_reader.hpp"

#include <algorithm>
#include <set>

namespace fil {
namespace {

// Everything downstream adds these numbers up in every way: here it is seen to that it can.
void check_plausible(const usage_at_peak& sums) {
    for (const std::vector<report::usage>& table : sums.by_kind) {
        std::int64_t left = most_bytes;
        for (const report::usage& usage : table) {
            const std::int64_t bytes = plausible(usage.bytes);
            left -= bytes < 0 ? -bytes : bytes;
            if (left < 0) throw damaged_recording();
        }
    }
}

// bytes_of(usage_record) says what counts.
template <typename BytesOf>
usage_at_peak sum_usage(const recording_view& recording, callstack_id root, BytesOf&& bytes_of) {
    usage_at_peak sums;
    const std::uint32_t callstacks = recording.callstacks_there();
    sums.by_kind[static_cast<std::size_t>(mapping_kind::anonymous)].resize(callstacks);
    recording.for_each_usage(
        callstacks, [&](const usage_set_record& set, callstack_id id, const usage_record& usage) {
            const auto kind =
                static_cast<std::size_t>(is_in_peak(set.kind) ? mapping_kind::anonymous : set.kind);
            if (kind >= sums.by_kind.size() || id < root) return;  // id: older
            std::vector<report::usage>& table = sums.by_kind[kind];
            const report::usage found = {bytes_of(usage),
                                         usage.allocations.load(std::memory_order_relaxed)};
            if (found == report::usage{}) return;
            // Few callstacks map files, and mostly early ones.
            if (to_index(id) >= table.size()) table.resize(to_index(id) + 1);
            table[to_index(id)] += found;
            if (set.kind == mapping_kind::shared_anonymous)
                sums.shared_anonymous = plausible(sums.shared_anonymous + plausible(found.bytes));
        });
    check_plausible(sums);
    for (std::vector<report::usage>& table : sums.by_kind) {
        for (report::usage& one : table) one.bytes = std::max<std::int64_t>(one.bytes, 0);
    }
    return sums;
}

// As bytes_at_peak() has it, while the owner of the counter may be changing it: it remembers first
// what was, then writes `now`.
std::int64_t bytes_at_named_peak(const usage_record& usage, const recording_header& process,
                                 std::int64_t peak) {
    const std::int64_t bytes = bytes_at_peak(usage, process, peak, false);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (usage.settled_at.load(std::memory_order_relaxed) != peak) return bytes;
    return usage.at_peak.load(std::memory_order_relaxed);
}

callstack_record callstack_at(const recording_view& recording, callstack_id id) {
    const callstack_record* there = recording.callstack(id);
    if (there == nullptr) throw damaged_recording();
    const callstack_record record = *there;
    if (to_index(record.caller) >= to_index(id)) throw damaged_recording();
    return record;
}

// Marks a callstack and all its callers.
void mark(std::vector<bool>& needed, const recording_view& recording, callstack_id id) {
    while (to_index(id) > 1 && to_index(id) < needed.size() && !needed[to_index(id)]) {
        needed[to_index(id)] = true;
        id = callstack_at(recording, id).caller;
    }
}

// Functions by id. Each has texts of its own: all together they are no longer than the recording.
class functions {
  public:
    explicit functions(const recording_view& recording)
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

report::frame named_frame(const recording_view& recording, const function_record& function,
                          std::uint32_t line) {
    report::frame frame;
    if (function.kind == function_kind::threads) {
        frame.module = recording.text(function.file);
        frame.kind = report::frame_kind::threads;
        return frame;
    }
    frame.function = recording.text(function.name);
    frame.file = recording.text(function.file);
    frame.directory = recording.text(function.directory);
    frame.line = line;
    frame.first_line = function.first_line;
    frame.kind = function.kind == function_kind::python ? report::frame_kind::python
                                                        : report::frame_kind::announced;
    return frame;
}

}  // namespace

std::int64_t usage_at_peak::bytes(mapping_kind kind) const {
    std::int64_t sum = 0;
    for (const report::usage& one : by_kind[static_cast<std::size_t>(kind)]) sum += one.bytes;
    return sum;
}

usage_at_peak read_usage(const recording_view& recording, const session_page& session,
                         callstack_id root) {
    const recording_header& process = recording.header();
    const std::int64_t peak = session.peak.load(std::memory_order_relaxed);
    const std::int64_t live = session.live.load(std::memory_order_relaxed);
    if (peak != plausible(peak) || live != plausible(live)) throw damaged_recording();
    const bool is_now = peak_is_now(recording, session);
    return sum_usage(recording, root, [&](const usage_record& usage) {
        return bytes_at_peak(usage, process, peak, is_now);
    });
}

usage_at_peak usage_at_named_peak(const recording_view& recording, std::int64_t peak) {
    return sum_usage(recording, callstack_id::unknown, [&](const usage_record& usage) {
        return bytes_at_named_peak(usage, recording.header(), peak);
    });
}

usage_at_peak usage_now(const recording_view& recording, callstack_id root,
                        const failed_request& request) {
    usage_at_peak sums = sum_usage(recording, root, [](const usage_record& usage) {
        return usage.now.load(std::memory_order_relaxed);
    });
    auto& used = sums.by_kind[static_cast<std::size_t>(mapping_kind::anonymous)];
    used.resize(std::max<std::size_t>({used.size(), recording.callstacks_there(), 2}));
    const bool is_known = to_index(request.callstack) < used.size();
    const callstack_id whose = is_known ? request.callstack : callstack_id::unknown;
    used[to_index(whose)] += {plausible(request.bytes), 0};
    check_plausible(sums);
    return sums;
}

read_snapshot_result read_snapshot(const recording_view& recording, const usage_at_peak& usage,
                                   const std::vector<callstack_id>& wanted,
                                   const resolve_address& resolve) {
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

    functions known(recording);
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
