// Reports: of a session, a run, or what this process recorded. Cold.

#include <filesystem>
#include <map>
#include <optional>
#include <range/v3/algorithm/find_if.hpp>

#include "fil/report/masked_arguments.hpp"
#include "fil/report/process_name.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "os/os.hpp"
#include "process/last_words.hpp"
#include "process/process_life.hpp"
#include "report/look_file.hpp"
#include "report/notes_of_allocators.hpp"
#include "report/report_source.hpp"
#include "report/resident_note.hpp"
#include "report/session_processes.hpp"
#include "session/parts_in_memory.hpp"

#include "session_handle.hpp"
#include "snapshot_handle.hpp"
#include "symbols/symbols.hpp"
#include "told_facts.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

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
        const bool is_explained = part.kind == ground || part.kind == heap || part.kind == vacant ||
                                  part.kind == mapped || part.kind == reserve;
        if (is_explained) unexplained -= std::max<std::int64_t>(part.bytes - part.live, 0);
    }
    if (options.run == 0 && is_far_above(unexplained, about.peak - about.peak_shared))
        about.notes.push_back(
            note_of_resident(about.resident.anonymous, about.peak, allocator.name));
    return made_here(std::move(tidy), std::move(about),
                     options.snapshot == FIL_SNAPSHOT_WITH_SOURCES);
}

// One recording, all of it or its last run; `number`: of it. `own_directory`: where that shall go.
report::session_snapshot read_one(const recording_view& recording, std::size_t number,
                                  const session_page& page, report::facts about,
                                  const report::started_process& who,
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
    std::vector<sparse_usage> sparse;
    for (const told_sparse& one : sparse_of(known))
        if (one.number == number) sparse.push_back(one.of);
    add_sparse(only.usage, only.drawn, sparse);
    std::vector<drawn_process> drawn;
    drawn.push_back(std::move(only));
    symbols names;  // the program is not ours: nothing is kept in its user's home
    return snapshot_of(std::move(drawn), std::move(about), options, known, names);
}

// Who ran out of memory, where that is not the program.
std::string note_of_child(const std::vector<drawn_process>& drawn, std::int32_t pid) {
    const auto child = ranges::find_if(drawn, [&](const auto& one) { return one.who.pid == pid; });
    const std::string name = child != drawn.end() ? " (" + child->who.name + ")" : "";
    return "PID " + std::to_string(pid) + name + " ran out of memory and was ended, with status " +
           std::to_string(out_of_memory_status) + "; the program went on.";
}

// Of those whose recordings are whole: who ended may have left a smaller one, with other numbers.
void add_sparse_of_all(std::vector<drawn_process>& drawn, const session& session,
                       const joined_process& program, const fil_session_facts& known) {
    std::map<std::size_t, std::vector<sparse_usage>> by_number;
    for (const told_sparse& one : sparse_of(known)) by_number[one.number].push_back(one.of);
    for (const auto& [number, sparse] : by_number) {
        if (number >= session.processes().size()) continue;
        const joined_process& whose = session.processes()[number];
        if (!whose.has_recording() || (whose.closed() && &whose != &program)) continue;
        const auto one = ranges::find_if(drawn, [&](const drawn_process& process) {
            return &process.drawn.recording.header() == &whose.header();
        });
        if (one != drawn.end()) add_sparse(one->usage, one->drawn, sparse);
    }
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
    add_sparse_of_all(found.drawn, session, program, known);
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
    return read_one(process->view(), process->number, session.page(), std::move(about),
                    started_of(*process), options, known, callstack_id::unknown, own_directory);
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
        os::process_id(), os::parent_process_id(), report::masked(about.arguments),
        std::filesystem::read_symlink("/proc/self/exe", ignored).string()};
    return read_one(recording, 0, page, std::move(about), who, options, nothing,
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
