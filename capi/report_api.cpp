// fil.h and fil_supervisor.h, reports: the caller's options become the facts of a report. Cold.

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <range/v3/algorithm/find_if.hpp>

#include "fil/report/conventions/all.hpp"
#include "fil/report/masked_arguments.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "process/process_recorder.hpp"
#include "report/live_copy.hpp"
#include "report/report_source.hpp"
#include "report/resident_note.hpp"
#include "session/parts_in_memory.hpp"
#include "session/refusal_text.hpp"
#include "session_handle.hpp"
#include "symbols/allocator_inside.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

std::string string_of(fil_text text) {
    return text.data == nullptr ? std::string() : std::string(text.data, text.length);
}

std::vector<std::string> split_at_zeros(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\0', at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

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

// Samples arrive mixed; the page draws one line a process, the session's (pid 0) first.
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

std::optional<failed_request> request_of(const fil_session_facts& facts) {
    if (!is_out_of_memory(facts)) return {};
    return failed_request{callstack_id{facts.request_callstack},
                          static_cast<std::int64_t>(facts.request_bytes)};
}

report::facts facts_of(const fil_report_options& options, const fil_session_facts& known) {
    report::facts run;
    run.version = fil_version();
    run.arguments = split_at_zeros(string_of(options.command));
    run.program.main_script = string_of(options.script);
    run.program.main_script_path = string_of(options.script_path);
    std::error_code ignored;
    run.program.launch_directory = std::filesystem::current_path(ignored).string();
    if (options.started_ns != 0) run.started = options.started_ns / 1'000'000'000;
    run.duration = options.seconds;
    run.ending = ending_of(options);
    run.peak_seconds = known.peak_seconds;
    run.resident = {known.resident, known.resident_anonymous, known.resident_file,
                    known.resident_shared};
    if (is_out_of_memory(known)) {
        run.kind = report::report_kind::out_of_memory;
        run.failed_request = static_cast<std::int64_t>(known.request_bytes);
    }
    run.timelines = timelines_of(known);
    run.variables = strings_of(known.variables, known.variable_count);
    run.notes = strings_of(options.notes, options.note_count);
    return run;
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

// A program that replaced its image (exec) has several recordings. The report is about the one that
// held memory at the peak; where none did, about the last.
const joined_process* program_at_peak(const session& session, std::int32_t pid) {
    const joined_process* chosen = session.find(pid);
    if (chosen == nullptr) return nullptr;
    check_readable(chosen->view());
    std::int64_t most = used_at_peak(chosen->view(), session.page());
    for (const joined_process& process : session.processes()) {
        if (process.pid != chosen->pid || &process == chosen) continue;
        if (process.view().check() != recording_check::good) continue;
        const std::int64_t bytes = used_at_peak(process.view(), session.page());
        if (bytes > most) {
            most = bytes;
            chosen = &process;
        }
    }
    return chosen;
}

void add_other_processes(report::facts& run, const session& session, const joined_process& shown) {
    const std::int32_t drawn = shown.pid;
    run.exact.threads = 0;
    for (const joined_process& process : session.processes()) {
        if (process.pid != drawn || &process == &shown) {
            run.exact.threads += process.header().threads_ever;
        }
        if (process.pid == drawn) continue;
        std::string command = process.command;
        while (!command.empty() && command.back() == 0) command.pop_back();
        for (char& c : command) {
            if (c == 0) c = ' ';
        }
        const bool runs_longer =
            process.header().closed == 0 && run.ending.kind != report::ending_facts::how::running;
        run.processes.push_back({process.pid, command, process.peak(),
                                 runs_longer ? "still running when the program ended" : ""});
    }
    report::unrecorded_processes& others = run.exact.unrecorded;
    others.unprofiled = session.unprofiled_children();
    others.refused = session.refused().count;
    if (others.refused > 0) others.why_refused = text_of(session.refused().first);
    others.sandboxed = session.page().sandboxed.load(std::memory_order_relaxed);
    // What is resident is a number of all processes; the page explains it by the bytes of one.
    if (!run.processes.empty()) run.resident = {};
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

void judge_program(report::facts& run, const std::string& executable) {
    run.program.kind = report::conventions::kind_of_program(run.runtime);
    run.program.main_executable = executable;
}

struct unseen_allocator {
    std::string name, note;  // empty: none is known
};

unseen_allocator unseen_allocator_of(const recording_view& recording,
                                     const std::string& executable) {
    for (const fact_record& fact : recording.facts()) {
        if (recording.text(fact.key) != "allocator") continue;
        const std::string library(recording.text(fact.value));
        return {library, note_of_earlier_allocator(library)};
    }
    const std::string inside = allocator_inside(executable);
    return {inside, inside.empty() ? std::string() : note_of_allocator(inside)};
}

// As much of it as there is room for.
void write_text(const std::string& text, char* to, std::size_t capacity) {
    if (to != nullptr && capacity > 0) to[text.copy(to, capacity - 1)] = 0;
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

report::answer_look look_of(const fil_report_options& options) {
    report::answer_look look;
    if (options.answer_columns != 0) look.columns = options.answer_columns;
    look.colours = (options.answer_look & FIL_ANSWER_COLOURED) != 0;
    look.ascii = (options.answer_look & FIL_ANSWER_ASCII) != 0;
    return look;
}

void write(const recording_view& recording, const session_page& page, report::facts run,
           const std::string& executable, const fil_report_options& options,
           const fil_session_facts& known, char* path, std::size_t capacity,
           callstack_id root = callstack_id::unknown, const live_copy* copy = nullptr) {
    check_readable(recording);
    std::string directory = string_of(options.directory);
    bool is_exact = options.directory_is_exact != 0;
    const run_record* last = options.run != 0 ? recording.run() : nullptr;
    if (options.run != 0 && last == nullptr) throw failure{FIL_ERROR_EMPTY, "there was no run"};
    if (last != nullptr) {
        const std::string its_own = add_run_facts(run, recording, *last);
        if (directory.empty()) directory = its_own, is_exact = true;
    }
    const session_page& its_page = last != nullptr ? last->page : page;
    const drawn_recording drawn{recording, its_page, last != nullptr ? last->root.load() : root,
                                copy, request_of(known)};
    const std::vector<untouched_range> untouched = untouched_of(known);
    usage_at_peak usage = usage_of(drawn);
    add_arenas(usage, drawn, untouched);
    add_recorded_facts(run, drawn, usage);
    if (options.peak != nullptr) *options.peak = run.peak;
    judge_program(run, executable);
    const unseen_allocator allocator = unseen_allocator_of(recording, executable);
    if (!allocator.note.empty()) run.notes.push_back(allocator.note);
    write_text(allocator.note, known.unseen_allocator, known.unseen_allocator_bytes);
    // Of a part, what the program held before is resident as well.
    // Arenas have a row of their own, and what children share is resident elsewhere.
    const std::int64_t unexplained = run.resident.anonymous - usage.bytes(mapping_kind::arena);
    if (last == nullptr && is_far_above(unexplained, run.peak - run.peak_shared))
        run.notes.push_back(note_of_resident(run.resident.anonymous, run.peak, allocator.name));
    try {
        const auto written = report_recording(
            drawn, usage, untouched, run, directory,
            is_exact ? report::report_naming::exact : report::report_naming::by_time,
            look_of(options));
        write_text(written.directory.string(), path, capacity);
        std::string answer;
        for (const std::string& line : written.answer) {
            if (answer.size() + line.size() + 1 < options.answer_capacity) answer += line + '\n';
        }
        write_text(answer, options.answer, options.answer_capacity);
    } catch (const report::report_error& error) {
        throw failure{FIL_ERROR_SYSTEM, error.what()};
    }
}

template <typename Body>
fil_status guarded_reading(fil_error* error, Body&& body) {
    return guarded(error, [&] {
        try {
            body();
        } catch (const damaged_recording& damage) {
            throw failure{FIL_ERROR_DAMAGED, damage.what()};
        }
    });
}

}  // namespace

extern "C" {

fil_status fil_session_report(fil_session* handle, const fil_report_options* options,
                              const fil_session_facts* facts, char* path, size_t capacity,
                              fil_error* error) {
    return guarded_reading(error, [&] {
        const fil::session& session = session_of(handle);
        const auto asked = checked_copy(options, "options");
        const auto known = checked_copy(facts, "facts");
        const joined_process* process = asked.run != 0 || is_out_of_memory(known)
                                            ? session.find(known.pid)
                                            : program_at_peak(session, known.pid);
        if (process == nullptr) throw failure{FIL_ERROR_EMPTY, "nothing was recorded"};
        const bool runs_on =
            asked.ending == FIL_ENDING_RUNNING && asked.run == 0 && !is_out_of_memory(known);
        std::optional<live_copy> copy;
        if (runs_on) copy = copy_live(session, process->view());
        report::facts run = facts_of(asked, known);
        run.program.started_script =
            report::conventions::script_of(split_at_zeros(process->command));
        if (!session.shows_arguments()) run.arguments = report::masked(std::move(run.arguments));
        if (asked.run == 0) add_other_processes(run, session, *process);
        write(process->view(), session.page(), std::move(run), process->executable, asked, known,
              path, capacity, callstack_id::unknown, copy ? &*copy : nullptr);
    });
}

fil_status fil_recording_report(const fil_report_options* options, char* path, size_t capacity,
                                fil_error* error) {
    return guarded_reading(error, [&] {
        const auto asked = checked_copy(options, "options");
        recording_memory* memory = this_process.private_recording();
        if (memory == nullptr) throw failure{FIL_ERROR_STATE, "no private recorder runs here"};
        const recording_view recording(memory->base(), memory->bytes());
        // Since the last start.
        const run_record* since = recording.run();
        const session_page& page = since != nullptr ? since->page : *this_process.session();
        std::error_code ignored;
        write(recording, page, facts_of(asked, {}),
              std::filesystem::read_symlink("/proc/self/exe", ignored).string(), asked, {}, path,
              capacity, since != nullptr ? since->root.load() : callstack_id::unknown);
    });
}

}  // extern "C"
