// fil_trace.h, traces that are there; fil_supervisor.h, those of a session. Cold.

#include <cerrno>
#include <optional>

#include "fil/trace/trace_reader.hpp"
#include "os/cold/files.hpp"
#include "report/study_report.hpp"
#include "report/trace_lines.hpp"
#include "report/trace_moment.hpp"
#include "session/trace_recorder.hpp"
#include "session_handle.hpp"
#include "snapshot_handle.hpp"
#include "structs.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

// A trace and how far it was read.
struct read_trace {
    trace::bytes file;
    trace::reader reader;
    std::size_t process;
    std::size_t block = 0;
    trace::bytes content{};
    trace::event_decoder events{};
    shared_mapping recording{};  // who the callstacks are, once that was asked

    explicit read_trace(trace::bytes bytes, std::int32_t pid)
        : file(std::move(bytes)), reader(file), process(reader.busiest()) {
        const auto& all = reader.processes();
        if (pid == 0 || all[process].about.pid == pid) return;
        for (process = 0; process < all.size(); ++process)
            if (all[process].about.pid == pid) return;
        throw failure{FIL_ERROR_ARGUMENT, "it has no such process"};
    }

    bool next(trace::event& one) {
        const auto& blocks = reader.processes()[process].blocks;
        while (!events.next(one)) {
            if (block == blocks.size()) return false;
            content = trace::reader::unpacked(blocks[block]);
            events = trace::event_decoder(blocks[block++].header, content);
        }
        return true;
    }
};

template <typename Body>
void reading(Body&& body) {
    try {
        body();
    } catch (const trace::unreadable& damage) {
        throw failure{FIL_ERROR_DAMAGED, damage.what()};
    }
}

std::string drawn_study(const std::string& path, const read_trace& from, fil_format format) {
    const trace::reader::process& about = from.reader.processes()[from.process];
    const trace_lines lines = lines_of_trace(path, from.reader, from.process);
    trace::trace_study study(lines.line_of, lines.names.size(), about.events);
    from.reader.for_each_event(from.process, [&](const trace::event& one) {
        study.add(one);
        return true;
    });
    study.finish();
    std::string title = about.about.command;
    std::ranges::replace(title, '\0', ' ');
    while (title.ends_with(' ')) title.pop_back();
    const report::study_report all{std::to_string(about.about.pid) + " " + title, path,
                                   from.reader.header().sample, lines.names, &study};
    switch (format) {
        case FIL_FORMAT_HTML:
            return study_page(all);
        case FIL_FORMAT_JSON:
            return study_json(all);
        case FIL_FORMAT_TEXT:
            return study_text(all);
        default:
            throw failure{FIL_ERROR_ARGUMENT, "drawing: a study has no such format"};
    }
}

}  // namespace

extern "C" {

fil_status fil_snapshot_of_trace(fil_snapshot** snapshot, fil_text file, double seconds,
                                 fil_error* error) {
    return guarded_reading(error, [&] {
        const std::string path = string_of(file);
        try {
            give(snapshot, snapshot_of_trace(path, seconds));
        } catch (const unreadable_snapshot& problem) {
            throw unreadable_snapshot(problem.problem,
                                      "cannot read \"" + path + "\": " + problem.what());
        }
    });
}

fil_status fil_trace_open(fil_trace** trace, fil_text file, int32_t pid, fil_error* error) {
    return guarded(error, [&] {
        check_pointer(trace, "trace");
        reading([&] {
            *trace = reinterpret_cast<fil_trace*>(
                new read_trace(content_of_trace(std::string(file.data, file.length)), pid));
        });
    });
}

void fil_trace_free(fil_trace* trace) {
    guarded(nullptr, [&] { delete reinterpret_cast<read_trace*>(trace); });
}

fil_status fil_trace_read(const fil_trace* trace, fil_trace_about* about, fil_error* error) {
    return guarded(error, [&] {
        check_pointer(trace, "trace");
        const auto& from = *reinterpret_cast<const read_trace*>(trace);
        const trace::reader::process& one = from.reader.processes()[from.process];
        const trace::process_about& who = one.about;
        const trace::file_header& header = from.reader.header();
        const fil_trace_about found{sizeof found,
                                    text_of(who.command),
                                    text_of(who.executable),
                                    who.pid,
                                    who.parent,
                                    header.started_ns,
                                    header.sample,
                                    from.reader.is_whole() && one.has_ended ? 1 : 0,
                                    one.events,
                                    one.end.lost};
        checked_fill(about, found, "about");
    });
}

fil_status fil_trace_callstack(fil_trace* trace, fil_callstack callstack, fil_frame* frame,
                               fil_callstack* caller, fil_error* error) {
    return guarded_reading(error, [&] {
        check_pointer(trace, "trace");
        auto& from = *reinterpret_cast<read_trace*>(trace);
        if (callstack <= FIL_CALLSTACK_UNKNOWN) throw failure{FIL_ERROR_EMPTY, "nobody knows who"};
        if (from.recording.base() == nullptr)
            reading([&] { from.recording = recording_of_trace(from.reader, from.process); });
        const recording_view recording(from.recording.base(), from.recording.bytes());
        const callstack_record* one = recording.callstack(callstack_id{callstack});
        const function_record* function =
            one == nullptr ? nullptr : recording.function(one->function);
        if (function == nullptr) throw failure{FIL_ERROR_ARGUMENT, "there is no such callstack"};
        const auto text = [&](text_reference reference) {
            const std::string_view found = recording.text(reference);
            return fil_text{found.data(), found.size()};
        };
        const bool is_native = function->kind == function_kind::native_module;
        fil_frame found = FIL_FRAME_INIT;
        found.kind = static_cast<std::uint32_t>(function->kind);
        found.line = one->line;
        found.first_line = function->first_line;
        found.function = text(function->name);
        (is_native ? found.module : found.file) = text(function->file);
        found.directory = text(function->directory);
        if (frame != nullptr) checked_fill(frame, found, "frame");
        if (caller != nullptr) *caller = to_index(one->caller);
    });
}

fil_status fil_trace_next(fil_trace* trace, fil_trace_event* event, fil_error* error) {
    return guarded(error, [&] {
        check_pointer(trace, "trace");
        trace::event one;
        bool is_there = false;
        reading([&] { is_there = reinterpret_cast<read_trace*>(trace)->next(one); });
        if (!is_there) throw failure{FIL_ERROR_EMPTY, "there are no more events"};
        const fil_trace_event found{sizeof found,
                                    static_cast<fil_trace_operation>(one.what),
                                    static_cast<fil_trace_layer>(one.of),
                                    static_cast<fil_mapping_kind>(one.kind),
                                    one.thread,
                                    to_index(one.callstack),
                                    one.alignment_log2,
                                    one.zeroed ? 1 : 0,
                                    one.bytes,
                                    static_cast<std::uint64_t>(one.block),
                                    static_cast<std::uint64_t>(one.moved_to),
                                    one.address,
                                    one.milliseconds};
        checked_fill(event, found, "event");
    });
}

fil_status fil_trace_study(fil_text file, int32_t pid, const fil_drawing* drawing,
                           fil_error* error) {
    return guarded_reading(error, [&] {
        const auto asked = checked_copy(drawing, "drawing");
        if (asked.write == nullptr) throw failure{FIL_ERROR_ARGUMENT, "drawing: write is NULL"};
        const std::string path = string_of(file);
        std::string text;
        reading([&] {
            const read_trace from(content_of_trace(path), pid);
            text = drawn_study(path, from, asked.format);
        });
        if (asked.write(asked.to, text.data(), text.size()) != 0)
            throw failure{FIL_ERROR_SYSTEM, "no more of it was taken"};
    });
}

fil_status fil_trace_lines(fil_text file, int32_t pid, const fil_callstack* callstacks,
                           const uint64_t* bytes, size_t count, const fil_drawing* drawing,
                           fil_error* error) {
    return guarded_reading(error, [&] {
        const auto asked = checked_copy(drawing, "drawing");
        if (asked.write == nullptr) throw failure{FIL_ERROR_ARGUMENT, "drawing: write is NULL"};
        if (asked.format != FIL_FORMAT_TEXT)
            throw failure{FIL_ERROR_ARGUMENT, "drawing: lines have no such format"};
        if (count > 0) {
            check_pointer(callstacks, "callstacks");
            check_pointer(bytes, "bytes");
        }
        const std::string path = string_of(file);
        std::string text;
        reading([&] {
            const read_trace from(content_of_trace(path), pid);
            const trace_lines lines = lines_of_trace(path, from.reader, from.process);
            std::vector<std::uint64_t> sums(lines.names.size());
            for (std::size_t i = 0; i < count; ++i) {
                const bool is_known = callstacks[i] < lines.line_of.size();
                sums[is_known ? lines.line_of[callstacks[i]] : 0] += bytes[i];
            }
            text = report::lines_text(lines.names, sums);
        });
        if (asked.write(asked.to, text.data(), text.size()) != 0)
            throw failure{FIL_ERROR_SYSTEM, "no more of it was taken"};
    });
}

fil_status fil_session_record_trace(fil_session* session, fil_text file, uint32_t sample,
                                    fil_error* error) {
    return guarded(error, [&] {
        session_of(session).record_trace(std::string(file.data, file.length), sample);
    });
}

int fil_session_take_trace(fil_session* session) {
    return answer_or(1000, [&] { return session_of(session).take_trace(); });
}

fil_status fil_session_finish_trace(fil_session* session, fil_trace_numbers* numbers,
                                    fil_error* error) {
    return guarded(error, [&] {
        const trace_recorder* trace = session_of(session).finish_trace();
        if (trace == nullptr) throw failure{FIL_ERROR_STATE, "there is no trace"};
        const trace_recorder::numbers all = trace->so_far();
        const fil_trace_numbers found{sizeof found, all.processes, all.events, all.lost, all.bytes};
        checked_fill(numbers, found, "numbers");
        if (!trace->why_failed().empty()) throw failure{FIL_ERROR_SYSTEM, trace->why_failed()};
    });
}

}  // extern "C"
