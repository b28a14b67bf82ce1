// fil.h and fil_supervisor.h, reports: the caller's options become the facts of a report. Cold.

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <range/v3/algorithm/find.hpp>
#include <range/v3/algorithm/find_if.hpp>
#include <set>

#include "fil/report/conventions/all.hpp"
#include "fil/report/masked_arguments.hpp"
#include "fil/report/process_name.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "process/last_words.hpp"
#include "process/process_life.hpp"
#include "report/look_file.hpp"
#include "report/report_source.hpp"
#include "report/resident_note.hpp"
#include "report/session_processes.hpp"
#include "session/parts_in_memory.hpp"

#include "session_handle.hpp"
#include "snapshot_handle.hpp"
#include "symbols/allocator_inside.hpp"
#include "symbols/symbols.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

std::vector<std::string> strings_of(const fil_text* texts, std::size_t count) {
    std::vector<std::string> strings;
    for (std::size_t i = 0; i < count; ++i) strings.push_back(string_of(texts[i]));
    return strings;
}

report::ending_facts ending_of(const fil_report_options& options) {
    using how = report::ending_facts::how;
    switch (options.ending) {
        case FIL_ENDING_EXIT:
            return {how::exited, options.ending_value};
        case FIL_ENDING_SIGNAL:
            return {how::signalled, options.ending_value};
        default:
            return {how::running, 0};
    }
}

// Elements of an array of the caller's, who may know a shorter or a longer struct.
template <typename Struct>
std::vector<Struct> elements_of(const Struct* first, std::size_t count, std::size_t size,
                                const char* name) {
    std::vector<Struct> elements;
    for (std::size_t i = 0; i < count; ++i) {
        const auto* element = reinterpret_cast<const char*>(first) + i * size;
        elements.emplace_back();
        if (copy_element(elements.back(), element, size) != FIL_OK) {
            throw failure{FIL_ERROR_STRUCT_SIZE,
                          std::string(name) + ": their size is of no version that is known"};
        }
    }
    return elements;
}

std::vector<report::resident_part> parts_of(const fil_resident_part* first, std::size_t count,
                                            std::size_t size) {
    std::vector<report::resident_part> parts;
    for (const fil_resident_part& one : elements_of(first, count, size, "parts"))
        parts.push_back({static_cast<report::resident_kind>(one.kind), string_of(one.name),
                         one.bytes, one.live});
    return parts;
}

// Samples arrive mixed; the page draws one line a process, the session's (pid 0) first.
std::vector<report::timeline> timelines_of(const fil_session_facts& facts) {
    std::vector<report::timeline> timelines;
    for (const fil_sample& sample :
         elements_of(facts.samples, facts.sample_count, facts.sample_size, "samples")) {
        auto line = ranges::find_if(timelines, [&](const auto& t) { return t.pid == sample.pid; });
        if (line == timelines.end()) {
            line = timelines.insert(sample.pid == 0 ? timelines.begin() : timelines.end(),
                                    report::timeline{sample.pid, "", {}});
        }
        line->samples.push_back({sample.seconds, sample.allocated, sample.resident});
    }
    return timelines;
}

bool is_out_of_memory(const fil_session_facts& facts) {
    return facts.moment == FIL_MOMENT_OUT_OF_MEMORY;
}

// Of a report of now: none, that failed.
std::optional<failed_request> request_of(const fil_session_facts& facts) {
    if (facts.moment == FIL_MOMENT_PEAK) return {};
    if (!is_out_of_memory(facts)) return failed_request{};
    return failed_request{callstack_id{facts.request_callstack},
                          static_cast<std::int64_t>(facts.request_bytes),
                          facts.request_pid != 0 ? facts.request_pid : facts.pid};
}

report::facts facts_of(const fil_report_options& options, const fil_session_facts& known) {
    report::facts about;
    about.version = fil_version();
    about.arguments = report::arguments_of(string_of(options.command));
    about.program.main_script = string_of(options.script);
    about.program.main_script_path = string_of(options.script_path);
    std::error_code ignored;
    about.program.launch_directory = std::filesystem::current_path(ignored).string();
    if (options.started_ns != 0) about.started = options.started_ns / 1'000'000'000;
    about.duration = options.seconds;
    about.ending = ending_of(options);
    about.peak_seconds = known.peak_seconds;
    about.resident = {known.resident,
                      known.resident_anonymous,
                      known.resident_file,
                      known.resident_shared,
                      parts_of(known.parts, known.part_count, known.part_size),
                      parts_of(known.last_parts, known.last_part_count, known.part_size),
                      known.last_parts_seconds};
    if (is_out_of_memory(known)) {
        about.kind = report::report_kind::out_of_memory;
        about.limit = {static_cast<std::int64_t>(known.limit_bytes), string_of(known.limit_name)};
    }
    if (known.moment == FIL_MOMENT_NOW) about.kind = report::report_kind::now;
    about.timelines = timelines_of(known);
    about.variables = strings_of(known.variables, known.variable_count);
    about.notes = strings_of(options.notes, options.note_count);
    return about;
}

void check_readable(const recording_view& recording) {
    switch (recording.check()) {
        case recording_check::good:
            if (is_plausible(recording)) return;
            throw damaged_recording();
        case recording_check::other_version:
            throw failure{FIL_ERROR_VERSION,
                          "the recording is of version " +
                              std::to_string(recording.header().version) + ", and only version " +
                              std::to_string(recording_version) + " can be read"};
        default:
            throw damaged_recording();
    }
}

std::vector<untouched_range> untouched_of(const fil_session_facts& facts) {
    std::vector<untouched_range> ranges;
    for (const fil_untouched& u :
         elements_of(facts.untouched, facts.untouched_count, facts.untouched_size, "untouched")) {
        ranges.push_back({callstack_id{u.callstack}, std::int64_t(u.bytes),
                          std::int64_t(u.resident), static_cast<mapping_kind>(u.kind)});
    }
    return ranges;
}

struct unseen_allocator {
    std::string name, note;  // empty: none is known
};

std::vector<std::string> facts_of(const drawn_process& process, std::string_view key) {
    const recording_view& recording = process.drawn.recording;
    std::vector<std::string> values;
    for (const fact_record& fact : recording.facts())
        if (recording.text(fact.key) == key) values.emplace_back(recording.text(fact.value));
    return values;
}

// Whether an allocator in this object told of its blocks; "the program" is an object, too.
bool is_seen(const drawn_process& process, const std::string& object) {
    return std::ranges::any_of(facts_of(process, "blocks seen"), [&](const std::string& one) {
        return one.starts_with(object + ": ");
    });
}

unseen_allocator unseen_allocator_of(const drawn_process& process) {
    for (const std::string& library : facts_of(process, "allocator"))
        return is_seen(process, library)
                   ? unseen_allocator{}
                   : unseen_allocator{library, note_of_earlier_allocator(library)};
    const std::string& executable = process.executable;
    const std::string inside = allocator_inside(executable);
    return {inside, inside.empty() ? std::string() : note_of_allocator(inside)};
}

// Facts of the last run, where the caller did not say otherwise; its directory.
std::string add_run_facts(report::facts& facts, const recording_view& recording,
                          const run_record& run) {
    facts.started = run.started_ns / 1'000'000'000;
    facts.ending = {};  // how the program ends is another matter
    facts.program.first_file = recording.text(run.first_file);
    facts.program.first_function = recording.text(run.first_function);
    facts.title = recording.text(run.title);
    return std::string(recording.text(run.directory));
}

// Of programs in which each allocator's blocks are seen: nothing.
unseen_allocator add_notes_of_allocators(report::facts& about,
                                         const std::vector<drawn_process>& drawn) {
    unseen_allocator first;
    std::set<std::string> executables;  // a forked child has only what it found itself
    for (const drawn_process& one : drawn) {
        if (is_seen(one, "the program")) executables.insert(one.executable);
        for (const std::string& object : facts_of(one, "blocks unseen")) {
            const std::string note = note_of_allocator_inside(object);
            const bool is_known = ranges::find(about.notes, note) != about.notes.end();
            if (!object.starts_with("the program: ") && !is_known) about.notes.push_back(note);
        }
    }
    for (const drawn_process& one : drawn) {
        if (!executables.insert(one.executable).second) continue;
        const unseen_allocator found = unseen_allocator_of(one);
        if (found.note.empty() || ranges::find(about.notes, found.note) != about.notes.end())
            continue;
        about.notes.push_back(found.note);
        if (first.note.empty()) first = found;
    }
    return first;
}

// `drawn`: the program's process first. Their counters are read.
report::session_snapshot snapshot_of(std::vector<drawn_process> drawn, report::facts about,
                                     const fil_report_options& options,
                                     const fil_session_facts& known, symbols& names) {
    for (drawn_process& one : drawn) add_arenas(one.usage, one.drawn, one.untouched);
    report::snapshot tidy = read_processes(drawn, about, names);
    for (std::string& note : names.notes()) about.notes.push_back(std::move(note));
    add_recorded_facts(about, drawn);
    const unseen_allocator allocator = add_notes_of_allocators(about, drawn);
    write_text(allocator.note, known.unseen_allocator, known.unseen_allocator_bytes);
    // Of a part, what the program held before is resident as well.
    // Arenas have a row of their own, and what children share is resident elsewhere.
    std::int64_t unexplained =
        about.resident.anonymous - drawn.front().usage.bytes(mapping_kind::arena);
    for (const report::resident_part& part : about.resident.parts) {
        using enum report::resident_kind;
        const bool is_explained =
            part.kind == ground || part.kind == heap || part.kind == mapped || part.kind == reserve;
        if (is_explained) unexplained -= std::max<std::int64_t>(part.bytes - part.live, 0);
    }
    if (options.run == 0 && is_far_above(unexplained, about.peak - about.peak_shared))
        about.notes.push_back(
            note_of_resident(about.resident.anonymous, about.peak, allocator.name));
    return made_here(std::move(tidy), std::move(about),
                     options.snapshot == FIL_SNAPSHOT_WITH_SOURCES);
}

// One recording, all of it or its last run. `own_directory`: where that shall go.
report::session_snapshot read_one(const recording_view& recording, const session_page& page,
                                  report::facts about, const report::started_process& who,
                                  const fil_report_options& options, const fil_session_facts& known,
                                  callstack_id root, std::string& own_directory) {
    drawn_recording what{recording, &page, root, request_of(known)};
    if (options.run != 0) {
        const run_record* last = recording.run();
        if (last == nullptr) throw failure{FIL_ERROR_EMPTY, "there was no run"};
        own_directory = add_run_facts(about, recording, *last);
        if (what.out_of_memory)
            about.ending = {report::ending_facts::how::out_of_memory, out_of_memory_status};
        what.page = &last->page;
        what.root = last->root.load();
    }
    drawn_process only{what,
                       usage_of(what),
                       who.executable,
                       {},
                       {.pid = who.pid, .name = report::process_name(who), .parent = who.parent},
                       untouched_of(known)};
    if (known.counters_read != nullptr) known.counters_read(known.context);
    std::vector<drawn_process> drawn;
    drawn.push_back(std::move(only));
    symbols names;  // the program is not ours: nothing is kept in its user's home
    return snapshot_of(std::move(drawn), std::move(about), options, known, names);
}

std::vector<own_peak_moment> moments_of(const fil_session_facts& facts) {
    std::vector<own_peak_moment> moments;
    for (const fil_process_moment& moment :
         elements_of(facts.moments, facts.moment_count, facts.moment_size, "moments"))
        moments.push_back({moment.number, moment.seconds});
    return moments;
}

// Who ran out of memory, where that is not the program.
std::string note_of_child(const std::vector<drawn_process>& drawn, std::int32_t pid) {
    const auto child = ranges::find_if(drawn, [&](const auto& one) { return one.who.pid == pid; });
    const std::string name = child != drawn.end() ? " (" + child->who.name + ")" : "";
    return "PID " + std::to_string(pid) + name + " ran out of memory and was ended, with status " +
           std::to_string(out_of_memory_status) + "; the program went on.";
}

report::session_snapshot read_all(const session& session, const joined_process& program,
                                  report::facts about, const fil_report_options& options,
                                  const fil_session_facts& known) {
    session_processes found =
        processes_of(session, program.pid, request_of(known), moments_of(known));
    if (known.counters_read != nullptr) known.counters_read(known.context);
    for (drawn_process& one : found.drawn) {  // looked at of its last image alone
        if (&one.drawn.recording.header() == &program.header()) one.untouched = untouched_of(known);
    }
    about.notes.insert(about.notes.end(), found.notes.begin(), found.notes.end());
    if (const auto request = request_of(known); is_out_of_memory(known)) {
        if (request->pid == program.pid)
            about.ending = {report::ending_facts::how::out_of_memory, out_of_memory_status};
        else
            about.notes.push_back(note_of_child(found.drawn, request->pid));
    }
    if (found.in_motion) {
        about.notes.emplace_back(
            "The program allocated while this report was taken: its numbers are not all of one "
            "moment.");
    }
    add_session_facts(about, session, found.drawn);
    // What was found without what is wished for is not all, and the other way round.
    const name_wishes wishes{(options.names & FIL_NAMES_FROM_SERVERS) != 0,
                             (options.names & FIL_NAMES_WHOLE) != 0};
    const bool is_usual = !wishes.from_servers && !wishes.whole;
    symbols names(kept_names(is_usual ? kept_names::users_folder() : ""), wishes);
    return snapshot_of(std::move(found.drawn), std::move(about), options, known, names);
}

report::session_snapshot read_session(const session& session, const fil_report_options& options,
                                      const fil_session_facts& known, std::string& own_directory) {
    const joined_process* process = session.find(known.pid);
    if (process == nullptr || !process->has_recording())
        throw failure{FIL_ERROR_EMPTY, "nothing was recorded"};
    check_readable(process->view());
    report::facts about = facts_of(options, known);
    if (!session.shows_arguments()) about.arguments = report::masked(std::move(about.arguments));
    if (options.run == 0) return read_all(session, *process, std::move(about), options, known);
    return read_one(process->view(), session.page(), std::move(about), started_of(*process),
                    options, known, callstack_id::unknown, own_directory);
}

report::session_snapshot read_this_process(const fil_report_options& options,
                                           std::string& own_directory) {
    recording_memory* memory = this_process.private_recording();
    if (memory == nullptr) throw failure{FIL_ERROR_STATE, "no private recorder runs here"};
    const recording_view recording(memory->base(), memory->bytes());
    // Since the last start.
    const run_record* since = recording.run();
    const session_page& page = since != nullptr ? since->page : *this_process.recording().session();
    std::error_code ignored;
    check_readable(recording);
    const fil_session_facts nothing = FIL_SESSION_FACTS_INIT;
    report::facts about = facts_of(options, nothing);
    const report::started_process who{
        getpid(), getppid(), report::masked(about.arguments),
        std::filesystem::read_symlink("/proc/self/exe", ignored).string()};
    return read_one(recording, page, std::move(about), who, options, nothing,
                    since != nullptr ? since->root.load() : callstack_id::unknown, own_directory);
}

// Where the caller says, or else where its run belongs.
report_place place_of(const fil_report_options& options, const std::string& own_directory) {
    report_place place{string_of(options.directory), options.directory_is_exact != 0};
    if (place.directory.empty() && options.run != 0) place = {own_directory, true};
    return place;
}

}  // namespace

report::session_snapshot fil::capi::read_recordings(const std::vector<std::string>& paths,
                                                    std::optional<session_words_found> page) {
    return snapshot_of_recording_files(paths, page);
}

extern "C" {

fil_status fil_session_report(fil_session* handle, const fil_report_options* options,
                              const fil_session_facts* facts, char* path, size_t capacity,
                              fil_error* error) {
    return guarded_reading(error, [&] {
        const auto asked = checked_copy(options, "options");
        std::string own_directory;
        const report::session_snapshot from =
            read_session(session_of(handle), asked, checked_copy(facts, "facts"), own_directory);
        draw(from, asked, place_of(asked, own_directory), path, capacity);
    });
}

fil_status fil_session_show(fil_session* handle, uint64_t visit, const fil_report_options* options,
                            const fil_session_facts* facts, fil_error* error) {
    return guarded(error, [&] {
        fil::session& session = session_of(handle);
        const auto known = checked_copy(facts, "facts");
        const report::facts about = facts_of(checked_copy(options, "options"), known);
        try {
            const file_descriptor file = write_look(session, known.pid, about);
            session.visitors().answer(visit, true, "", file.number());
        } catch (const std::exception& failed) {
            session.visitors().answer(visit, false, failed.what());
            throw;
        }
    });
}

fil_status fil_recording_report(const fil_report_options* options, char* path, size_t capacity,
                                fil_error* error) {
    return guarded_reading(error, [&] {
        const auto asked = checked_copy(options, "options");
        std::string own_directory;
        const report::session_snapshot from = read_this_process(asked, own_directory);
        draw(from, asked, place_of(asked, own_directory), path, capacity);
    });
}

fil_status fil_snapshot_of_session(fil_snapshot** snapshot, fil_session* handle,
                                   const fil_report_options* options,
                                   const fil_session_facts* facts, fil_error* error) {
    return guarded_reading(error, [&] {
        std::string own_directory;
        give(snapshot, read_session(session_of(handle), checked_copy(options, "options"),
                                    checked_copy(facts, "facts"), own_directory));
    });
}

fil_status fil_snapshot_of_process(fil_snapshot** snapshot, const fil_report_options* options,
                                   fil_error* error) {
    return guarded_reading(error, [&] {
        std::string own_directory;
        give(snapshot, read_this_process(checked_copy(options, "options"), own_directory));
    });
}

}  // extern "C"
