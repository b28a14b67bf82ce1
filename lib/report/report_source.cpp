#include "report/report_source.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "fil/report/conventions/all.hpp"
#include "fil/report/conventions/pickled_code.hpp"
#include "fil/report/process_merge.hpp"
#include "fil/report/tidy.hpp"
#include "fil/track/peak.hpp"
#include "os/cold/files.hpp"
#include "os/cold/place_and_time.hpp"
#include "report/resident_note.hpp"
#include "report/zipped_sources.hpp"
#include "symbols/symbols.hpp"

namespace fil {

std::string first_fact(const recording_view& recording, std::string_view name) {
    for (const fact_record& fact : recording.facts()) {
        if (recording.text(fact.key) == name) return std::string(recording.text(fact.value));
    }
    return {};
}

void add_remark(std::string& note, std::string_view remark) {
    if (!note.empty()) note += "; ";
    note += remark;
}

std::string note_of_damage(std::int32_t pid) {
    return "The recording of PID " + std::to_string(pid) +
           " is damaged: what it held is not shown.";
}

usage_at_peak usage_of(const drawn_recording& drawn) {
    if (drawn.out_of_memory) return usage_now(drawn.recording, drawn.root, *drawn.out_of_memory);
    return read_usage(drawn.recording, *drawn.page, drawn.root);
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
    const std::int64_t peak = drawn.page->peak.load();
    for (const arena_record& arena : drawn.recording.header().arenas) {
        const callstack_id callstack = arena.callstack;
        const bool was_seen =
            to_index(callstack) < resident.size() && resident[to_index(callstack)].bytes > 0;
        if (!was_seen || is_near_peak(arena.live_then, peak)) note(callstack, arena.resident);
    }
}

void add_sparse(usage_at_peak& usage, const drawn_recording& drawn,
                const std::vector<sparse_usage>& seen) {
    const std::uint32_t callstacks = drawn.recording.callstacks_there();
    for (const sparse_usage& one : seen) {
        const std::uint32_t id = to_index(one.callstack);
        if (id >= callstacks || one.callstack < drawn.root || one.bytes <= 0) continue;
        auto& table = usage.by_kind[static_cast<std::size_t>(one.kind)];
        if (id >= table.size()) table.resize(id + 1);
        table[id] += {plausible(one.bytes), one.blocks};
    }
    check_plausible(usage);
}

namespace {

// What tells this process's own code; `program` knows how the user started the first of them.
report::program_facts program_of(const drawn_process& process,
                                 const report::program_facts& program) {
    report::program_facts own = program;
    own.main_executables = {process.executable};
    own.kind = report::conventions::kind_of_program(first_fact(process.drawn.recording, "runtime"));
    own.started_script = report::conventions::script_of(process.arguments);
    for (const fact_record& fact : process.drawn.recording.facts()) {
        if (process.drawn.recording.text(fact.key) == "package")
            own.own_directories.emplace_back(process.drawn.recording.text(fact.value));
    }
    own.is_helper = report::conventions::starts_helper(process.arguments);
    // Another script than the program's: its code is found by the names that it has there.
    const std::string_view script = report::base_name(own.started_script);
    if (own.is_helper || script == report::base_name(program.main_script)) return own;
    own.main_script.clear();
    own.main_script_path.clear();
    return own;
}

// Where the main script's functions are among what was sent to other processes, what they can be
// told by.
void note_main_text(report::program_facts& program, const report::snapshot& taken,
                    std::optional<std::int64_t> started) {
    constexpr std::uint64_t most = 32 << 20;
    if (program.main_script_path.empty() ||
        std::ranges::none_of(taken.frames(), report::is_pickled))
        return;
    const file_descriptor file = os::open_to_read(program.main_script_path);
    const auto about = os::facts_of(file.number());
    if (!about || !about->is_regular || about->bytes > most) return;
    if (started && about->modified > *started) return;
    program.main_text.resize(about->bytes);
    const auto read = os::read_at(file.number(), program.main_text.data(), about->bytes, 0);
    program.main_text.resize(static_cast<std::size_t>(std::max<std::int64_t>(read, 0)));
}

report::snapshot read_process(const drawn_process& process, const report::facts& about,
                              bool is_first, symbols& names) {
    std::vector<callstack_id> wanted;
    for (const untouched_range& range : process.untouched) {
        if (range.kind == mapping_kind::anonymous) wanted.push_back(range.callstack);
    }
    auto read = read_snapshot(process.drawn.recording, process.usage, wanted,
                              [&](std::string_view module, std::string_view build_id,
                                  std::uint32_t offset) -> const std::vector<report::frame>& {
                                  return names.resolve(module, build_id, offset);
                              });
    for (const untouched_range& range : process.untouched) {
        const std::uint32_t id = to_index(range.callstack);
        if (id >= read.index_of.size() || range.kind != mapping_kind::anonymous) continue;
        read.snapshot.add_untouched_mapping({read.index_of[id], range.bytes, range.resident});
    }
    add_zipped_sources(read.snapshot, about.started);
    report::program_facts program = program_of(process, about.program);
    if (is_first) {
        program.main_script = about.program.main_script;
        program.main_script_path = about.program.main_script_path;
    }
    note_main_text(program, read.snapshot, about.started);
    return report::tidied(read.snapshot, program);
}

template <typename Text>
void add_once(std::vector<std::string>& texts, const Text& text) {
    if (std::ranges::find(texts, text) == texts.end()) texts.emplace_back(text);
}

void add_facts_of(report::facts& about, const drawn_process& process) {
    const recording_view& recording = process.drawn.recording;
    bool knows_runtime = false;  // the first that is told counts
    for (const fact_record& fact : recording.facts()) {
        const std::string_view key = recording.text(fact.key);
        const std::string_view value = recording.text(fact.value);
        if (key == "runtime" && !std::exchange(knows_runtime, true) && about.runtime.empty())
            about.runtime = value;
        if (key == "package") add_once(about.program.own_directories, value);
        if (key == "note") add_once(about.notes, value);
    }
    add_once(about.program.main_executables, process.executable);
    const recording_header& header = recording.header();
    about.peak += process.usage.used_bytes();
    about.peak_shared += process.usage.shared_anonymous;
    about.exact.missed += header.missed_events;
    about.exact.dropped += header.dropped_events;
    if (header.large_mappings_left_out != 0) add_once(about.notes, note_of_many_mappings());
}

}  // namespace

report::snapshot read_processes(std::vector<drawn_process>& all, report::facts& about) {
    symbols names;
    return read_processes(all, about, names);
}

report::snapshot read_processes(std::vector<drawn_process>& all, report::facts& about,
                                symbols& names) {
    const auto holds = [](const drawn_process& one) {
        return one.usage.used_bytes() + one.usage.bytes(mapping_kind::requested) > 0;
    };
    const bool are_several = std::ranges::count_if(all, holds) > 1;
    report::process_merge merge;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (are_several && !holds(all[i])) continue;
        try {
            const report::snapshot tidy = read_process(all[i], about, i == 0, names);
            if (are_several)
                merge.add(tidy, all[i].who);
            else
                merge.add(tidy);
        } catch (const damaged_recording&) {
            if (i == 0) throw;
            about.notes.push_back(note_of_damage(all[i].who.pid));
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(i--));
        }
    }
    return merge.take();
}

void add_recorded_facts(report::facts& about, const std::vector<drawn_process>& all) {
    for (const drawn_process& process : all) add_facts_of(about, process);
    about.program.kind = report::conventions::kind_of_program(about.runtime);
    about.exact.threads = std::max(
        {about.exact.threads, all.front().drawn.recording.header().threads_ever.load(), 1u});
    const bool are_several = all.size() > 1 || about.others.count > 0;
    // One thread alone knows every byte; of others it does not know what they keep to themselves.
    const bool alone = about.exact.threads == 1 && !are_several;
    about.exact.bound = alone ? 0 : limit_of_pendings(about.exact.threads, about.peak);
    for (const drawn_process& process : all) {
        if (process.usage.used_bytes() == 0) continue;
        about.processes.push_back(process.who);
        report::process_facts& who = about.processes.back();
        who.bytes = process.usage.used_bytes();
        who.peak = std::max(who.peak, who.bytes);
        if (const auto& request = process.drawn.out_of_memory) {
            if (request->pid == who.pid) add_remark(who.note, "ran out of memory");
            continue;
        }
        const bool has_ended = about.ending.kind != report::ending_facts::how::running;
        if (process.drawn.recording.header().closed == 0 && has_ended)
            add_remark(who.note, "still running when the program ended");
    }
    if (!are_several) return;
    std::ranges::stable_sort(about.processes, std::greater(), &report::process_facts::bytes);
    std::erase_if(about.timelines, [&](report::timeline& line) {
        const auto whose =
            std::ranges::find(about.processes, line.pid, &report::process_facts::pid);
        if (whose != about.processes.end()) line.name = whose->name;
        return line.pid != 0 && whose == about.processes.end();
    });
    if (about.timelines.size() == 2) about.timelines.pop_back();  // it would be the same line twice
}

report::session_snapshot made_here(report::snapshot tidy, report::facts about,
                                   bool embeds_sources) {
    about.made = os::seconds_since_1970();
    about.utc_offset = os::utc_offset(about.started.value_or(*about.made));
    if (about.host.empty()) about.host = os::host_name();
    auto sources = report::find_source_files(tidy, {about.started, embeds_sources});
    return {std::move(about), std::move(tidy), std::move(sources)};
}

}  // namespace fil
