#include "report/report_source.hpp"

#include <algorithm>

#include "fil/track/peak.hpp"
#include "report/zipped_sources.hpp"
#include "symbols/symbols.hpp"

namespace fil {

usage_at_peak usage_of(const drawn_recording& drawn) {
    if (drawn.out_of_memory) return usage_now(drawn.recording, drawn.root, *drawn.out_of_memory);
    if (drawn.copy != nullptr) return drawn.copy->usage;
    return read_usage(drawn.recording, drawn.page, drawn.root);
}

void add_arenas(usage_at_peak& usage, const drawn_recording& drawn,
                const std::vector<untouched_range>& seen) {
    const auto& reserved = usage.by_kind[static_cast<std::size_t>(mapping_kind::reserved)];
    auto& resident = usage.by_kind[static_cast<std::size_t>(mapping_kind::arena)];
    resident.resize(reserved.size());
    const auto note = [&](callstack_id callstack, std::int64_t bytes) {
        if (to_index(callstack) >= reserved.size()) return;
        std::int64_t& most = resident[to_index(callstack)].bytes;
        most = std::max(most, std::min(bytes, reserved[to_index(callstack)].bytes));
    };
    for (const untouched_range& range : seen) {
        if (range.kind == mapping_kind::arena) note(range.callstack, range.resident);
    }
    const std::int64_t peak = drawn.page.peak.load();
    for (const arena_record& arena : drawn.recording.header().arenas) {
        const callstack_id callstack = arena.callstack;
        const bool was_seen =
            to_index(callstack) < resident.size() && resident[to_index(callstack)].bytes > 0;
        if (!was_seen || is_near_peak(arena.live_then, peak)) note(callstack, arena.resident);
    }
}

void add_recorded_facts(report::facts& run, const drawn_recording& drawn,
                        const usage_at_peak& usage) {
    const auto& [recording, session, root, copy, out_of_memory] = drawn;
    const recording_header& header = recording.header();
    for (const fact_record& fact : recording.facts()) {
        const std::string_view key = recording.text(fact.key);
        if (key == "runtime" && run.runtime.empty()) run.runtime = recording.text(fact.value);
        if (key == "package") run.program.own_directory = recording.text(fact.value);
        if (key == "note") run.notes.emplace_back(recording.text(fact.value));
    }
    // Of one process it is what its callstacks hold. Of several, not all of which are there to be
    // summed up, the session's word; it may be short of what threads had not published.
    const std::int64_t pending = header.closed == 0 ? recording.pending() : 0;
    const std::int64_t word =
        copy != nullptr ? plausible(copy->peak)
                        : std::max(plausible(session.peak), plausible(session.live) + pending);
    run.peak = usage.used_bytes();
    if (!run.processes.empty()) run.peak = std::max(run.peak, word);
    run.peak_shared = usage.shared_anonymous;
    if (copy != nullptr && copy->in_motion) {
        run.notes.emplace_back(
            "The program allocated while this report was taken: its numbers are not all of one "
            "moment.");
    }
    run.exact.threads = std::max({run.exact.threads, header.threads_ever.load(), 1u});
    run.exact.missed = header.missed_events;
    run.exact.dropped = header.dropped_events;
    // One thread alone knows every byte; of others it does not know what they keep to themselves.
    const bool alone = run.exact.threads == 1 && run.processes.empty();
    run.exact.bound = alone ? 0 : limit_of_pendings(run.exact.threads, run.peak);
}

report::written_report report_recording(const drawn_recording& drawn, const usage_at_peak& usage,
                                        const std::vector<untouched_range>& untouched,
                                        const report::facts& run,
                                        const std::filesystem::path& directory,
                                        report::report_naming naming,
                                        const report::answer_look& look) {
    std::vector<callstack_id> wanted;
    for (const untouched_range& range : untouched) {
        if (range.kind == mapping_kind::anonymous) wanted.push_back(range.callstack);
    }
    symbols names;
    auto read = read_snapshot(drawn.recording, usage, wanted,
                              [&](std::string_view module, std::string_view build_id,
                                  std::uint32_t offset) -> const std::vector<report::frame>& {
                                  return names.resolve(module, build_id, offset);
                              });
    for (const untouched_range& range : untouched) {
        const std::uint32_t id = to_index(range.callstack);
        if (id >= read.index_of.size() || range.kind != mapping_kind::anonymous) continue;
        read.snapshot.add_untouched_mapping({read.index_of[id], range.bytes, range.resident});
    }
    add_zipped_sources(read.snapshot, run.started);
    return report::write_report(directory, read.snapshot, run, naming, look);
}

}  // namespace fil
