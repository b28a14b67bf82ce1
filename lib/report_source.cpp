#include "report_source.hpp"

#include <algorithm>

#include "fil/track/peak.hpp"
#include "symbols.hpp"

namespace fil {
namespace {

usage_at_peak usage_of(const drawn_recording& drawn) {
    if (drawn.out_of_memory) return usage_now(drawn.recording, drawn.root, *drawn.out_of_memory);
    if (drawn.copy != nullptr) return drawn.copy->usage;
    return read_usage(drawn.recording, drawn.page, drawn.root);
}

}  // namespace

void add_recorded_facts(report::facts& run, const drawn_recording& drawn) {
    const auto& [recording, session, root, copy, out_of_memory] = drawn;
    const recording_header& header = recording.header();
    for (const fact_record& fact : recording.facts()) {
        const std::string_view key = recording.text(fact.key);
        if (key == "runtime" && run.runtime.empty()) run.runtime = recording.text(fact.value);
        if (key == "package") run.program.own_directory = recording.text(fact.value);
        if (key == "note") run.notes.emplace_back(recording.text(fact.value));
    }
    const std::int64_t pending = header.closed == 0 ? recording.pending() : 0;
    run.peak =
        copy != nullptr ? copy->peak : std::max<std::int64_t>(session.peak, session.live + pending);
    if (copy != nullptr && copy->in_motion) {
        run.notes.emplace_back(
            "The program allocated while this report was taken: its numbers are not all of one "
            "moment.");
    }
    run.exact.threads = std::max({run.exact.threads, header.threads_ever.load(), 1u});
    run.exact.missed = header.missed_events;
    run.exact.dropped = header.dropped_events;
    // One thread publishes every byte; each further one may hold back a little.
    const bool alone = run.exact.threads == 1 && run.processes.empty();
    run.exact.bound = alone ? 0 : run.exact.threads * peak_tracker::publish_bytes;
}

std::filesystem::path report_recording(const drawn_recording& drawn,
                                       const std::vector<untouched_range>& untouched,
                                       const report::facts& run,
                                       const std::filesystem::path& directory,
                                       report::report_naming naming) {
    std::vector<callstack_id> wanted;
    for (const untouched_range& range : untouched) wanted.push_back(range.callstack);
    symbols names;
    auto read = read_snapshot(drawn.recording, usage_of(drawn), wanted,
                              [&](std::string_view module, std::string_view build_id,
                                  std::uint32_t offset) -> const std::vector<report::frame>& {
                                  return names.resolve(module, build_id, offset);
                              });
    for (const untouched_range& range : untouched) {
        const std::uint32_t id = to_index(range.callstack);
        if (id >= read.index_of.size()) continue;
        read.snapshot.add_untouched_mapping({read.index_of[id], range.bytes, range.resident});
    }
    return report::write_report(directory, read.snapshot, run, naming);
}

}  // namespace fil
