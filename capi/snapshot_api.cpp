// fil_snapshot.h, snapshots: opened, read, written and drawn. Cold.

#include <cerrno>
#include <limits>
#include <map>
#include <system_error>

#include "fil/report/process_merge.hpp"
#include "fil/report/snapshot_merge.hpp"
#include "os/cold/files.hpp"
#include "report/open_snapshot.hpp"
#include "snapshot_handle.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

constexpr std::uint32_t of_none = std::numeric_limits<std::uint32_t>::max();

// By callstack: the process below whose frame it is, or the only one.
std::vector<std::uint32_t> processes_of_callstacks(const report::session_snapshot& from) {
    const auto& processes = from.about.processes;
    std::map<std::string, std::uint32_t> number_of;
    for (std::size_t i = 0; i < processes.size(); ++i)
        number_of.emplace(report::process_frame(processes[i]).function, std::uint32_t(i));
    const auto& callstacks = from.tidy.callstacks();
    std::vector<std::uint32_t> numbers(callstacks.size(), processes.size() == 1 ? 0 : of_none);
    for (std::size_t i = 1; i < callstacks.size(); ++i) {
        const report::frame& f = from.tidy.frames()[to_index(callstacks[i].frame)];
        numbers[i] = numbers[to_index(callstacks[i].caller)];
        if (f.kind != report::frame_kind::process) continue;
        const auto known = number_of.find(f.function);
        numbers[i] = known == number_of.end() ? of_none : known->second;
    }
    return numbers;
}

template <typename Elements>
const auto& at(const Elements& elements, std::size_t number) {
    if (number >= elements.size())
        throw failure{FIL_ERROR_ARGUMENT, "there are only " + std::to_string(elements.size())};
    return elements[number];
}

fil_ending ending_of(const report::facts& about) {
    using how = report::ending_facts::how;
    if (about.ending.kind == how::exited) return FIL_ENDING_EXIT;
    return about.ending.kind == how::signalled ? FIL_ENDING_SIGNAL : FIL_ENDING_RUNNING;
}

}  // namespace

namespace fil::capi {

void give(fil_snapshot** to, report::session_snapshot from) {
    check_pointer(to, "snapshot");
    auto made = std::make_unique<snapshot_handle>();
    made->from = std::move(from);
    if (made->from.about.version.empty()) made->from.about.version = version;
    for (const std::string& word : made->from.about.arguments) made->command.append(word) += '\0';
    if (!made->command.empty()) made->command.pop_back();
    made->process_of = processes_of_callstacks(made->from);
    *to = reinterpret_cast<fil_snapshot*>(made.release());
}

report::answer_look look_of(std::uint32_t columns, std::uint32_t look) {
    return {.columns = columns == 0 ? 80u : columns,
            .colours = (look & FIL_ANSWER_COLOURED) != 0,
            .ascii = (look & FIL_ANSWER_ASCII) != 0};
}

void draw(const report::session_snapshot& from, const fil_report_options& options,
          const report_place& place, char* path, std::size_t capacity) {
    if (options.peak != nullptr) *options.peak = from.about.peak;
    try {
        const auto written = report::write_report(
            place.directory, from,
            {place.is_exact ? report::report_naming::exact : report::report_naming::by_time,
             look_of(options.answer_columns, options.answer_look),
             options.snapshot != FIL_SNAPSHOT_NOT_KEPT});
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

fil_status status_of(snapshot_problem problem) {
    switch (problem) {
        case snapshot_problem::not_one:
            return FIL_ERROR_OTHER_FILE;
        case snapshot_problem::other_version:
            return FIL_ERROR_VERSION;
        case snapshot_problem::truncated:
            return FIL_ERROR_CUT_SHORT;
        case snapshot_problem::empty:
            return FIL_ERROR_EMPTY;
        case snapshot_problem::unreachable:
            return FIL_ERROR_SYSTEM;
        case snapshot_problem::damaged:
            break;
    }
    return FIL_ERROR_DAMAGED;
}

}  // namespace fil::capi

extern "C" {

fil_status fil_snapshot_open(fil_snapshot** snapshot, const fil_text* paths, size_t count,
                             fil_error* error) {
    return guarded_reading(error, [&] {
        check_pointer(paths, "paths");
        if (count == 0) throw failure{FIL_ERROR_ARGUMENT, "there is no path"};
        std::vector<std::string> all;
        for (std::size_t i = 0; i < count; ++i) all.push_back(string_of(paths[i]));
        give(snapshot, open_snapshots(all, read_recordings));
    });
}

fil_status fil_snapshot_merge(fil_snapshot** snapshot, const fil_snapshot* const* parts,
                              size_t count, fil_error* error) {
    return guarded_reading(error, [&] {
        check_pointer(parts, "parts");
        if (count == 0) throw failure{FIL_ERROR_ARGUMENT, "there is nothing to add up"};
        std::vector<const report::session_snapshot*> all;
        for (std::size_t i = 0; i < count; ++i) all.push_back(&handle_of(parts[i]).from);
        give(snapshot, report::merged(all));
    });
}

void fil_snapshot_free(fil_snapshot* snapshot) {
    guarded(nullptr, [&] { delete reinterpret_cast<snapshot_handle*>(snapshot); });
}

fil_status fil_snapshot_write(const fil_snapshot* snapshot, fil_text file, fil_error* error) {
    return guarded_reading(error, [&] {
        const auto bytes = snapshot_file(handle_of(snapshot).from);
        if (!bytes) throw failure{FIL_ERROR_ARGUMENT, "it is too large for a file"};
        const std::string path = string_of(file);
        file_descriptor to = os::make_private_file(path);
        if (to.number() < 0) throw std::system_error(errno, std::generic_category(), path);
        if (os::write_and_close(std::move(to), *bytes)) return;
        const int why = errno;
        os::remove_file(path);
        throw std::system_error(why, std::generic_category(), path);
    });
}

fil_status fil_snapshot_report(const fil_snapshot* snapshot, const fil_report_options* options,
                               char* path, size_t capacity, fil_error* error) {
    return guarded_reading(error, [&] {
        const auto asked = checked_copy(options, "options");
        draw(handle_of(snapshot).from, asked,
             {string_of(asked.directory), asked.directory_is_exact != 0}, path, capacity);
    });
}

fil_status fil_snapshot_read(const fil_snapshot* snapshot, fil_snapshot_facts* facts) {
    return guarded(nullptr, [&] {
        const snapshot_handle& handle = handle_of(snapshot);
        const report::facts& about = handle.from.about;
        fil_snapshot_facts found = FIL_SNAPSHOT_FACTS_INIT;
        found.version = text_of(about.version);
        found.command = text_of(handle.command);
        found.title = text_of(about.title);
        found.runtime = text_of(about.runtime);
        found.host = text_of(about.host);
        found.peak = about.peak;
        found.request = handle.from.tidy.total(mapping_kind::requested);
        found.moment = static_cast<std::int32_t>(about.kind);
        found.ending = ending_of(about);
        found.ending_value = about.ending.value;
        found.others = static_cast<std::uint32_t>(about.others.count);
        found.others_most = about.others.most;
        found.started = about.started.value_or(0);
        found.made = about.made.value_or(0);
        found.seconds = about.duration;
        found.peak_seconds = about.peak_seconds;
        found.processes = about.processes.size();
        found.frames = handle.from.tidy.frames().size();
        found.callstacks = handle.from.tidy.callstacks().size();
        found.notes = about.notes.size();
        checked_fill(facts, found, "facts");
    });
}

fil_status fil_snapshot_note(const fil_snapshot* snapshot, size_t number, fil_text* note) {
    return guarded(nullptr, [&] {
        check_pointer(note, "note");
        *note = text_of(at(handle_of(snapshot).from.about.notes, number));
    });
}

fil_status fil_snapshot_process(const fil_snapshot* snapshot, size_t number,
                                fil_held_process* process) {
    return guarded(nullptr, [&] {
        const report::process_facts& one = at(handle_of(snapshot).from.about.processes, number);
        fil_held_process found = FIL_HELD_PROCESS_INIT;
        found.pid = one.pid;
        found.name = text_of(one.name);
        found.bytes = one.bytes;
        found.peak = one.peak;
        found.peak_seconds = one.peak_seconds;
        found.equals = text_of(one.equals);
        found.note = text_of(one.note);
        found.parent = one.parent;
        checked_fill(process, found, "process");
    });
}

fil_status fil_snapshot_frame(const fil_snapshot* snapshot, size_t number, fil_frame* frame) {
    return guarded(nullptr, [&] {
        const report::frame& one = at(handle_of(snapshot).from.tidy.frames(), number);
        fil_frame found = FIL_FRAME_INIT;
        found.kind = static_cast<std::uint32_t>(one.kind);
        found.line = one.line;
        found.first_line = one.first_line;
        found.function = text_of(one.function);
        found.file = text_of(one.file);
        found.directory = text_of(one.directory);
        found.module = text_of(one.module);
        checked_fill(frame, found, "frame");
    });
}

fil_status fil_snapshot_callstack(const fil_snapshot* snapshot, size_t number, fil_call* call) {
    return guarded(nullptr, [&] {
        const snapshot_handle& handle = handle_of(snapshot);
        const report::callstack& one = at(handle.from.tidy.callstacks(), number);
        const std::uint32_t process = handle.process_of[number];
        fil_call found = FIL_CALL_INIT;
        found.caller = to_index(one.caller);
        found.frame = to_index(one.frame);
        found.process = process == of_none ? SIZE_MAX : process;
        checked_fill(call, found, "call");
    });
}

fil_status fil_snapshot_usage(const fil_snapshot* snapshot, fil_mapping_kind kind, size_t number,
                              fil_usage* usage) {
    return guarded(nullptr, [&] {
        const report::snapshot& tidy = handle_of(snapshot).from.tidy;
        if (static_cast<unsigned>(kind) >= mapping_kinds)
            throw failure{FIL_ERROR_ARGUMENT, "there is no such kind"};
        const report::callstack_usage& one = at(tidy.used(static_cast<mapping_kind>(kind)), number);
        fil_usage found = FIL_USAGE_INIT;
        found.callstack = to_index(one.callstack);
        found.bytes = one.used.bytes;
        found.allocations = one.used.allocations;
        checked_fill(usage, found, "usage");
    });
}

}  // extern "C"
