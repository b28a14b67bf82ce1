// fil_trace.h, traces that a caller writes. Cold.

#include "fil_trace.h"
#include "guarded.hpp"
#include "os/os.hpp"
#include "session/told_trace.hpp"
#include "snapshot_handle.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

told_trace& trace_of(fil_trace_writer* writer) {
    check_pointer(writer, "writer");
    auto& trace = *reinterpret_cast<told_trace*>(writer);
    if (trace.has_finished()) throw failure{FIL_ERROR_STATE, "the trace is finished"};
    return trace;
}

// Relative files are of this directory, as of fil_function_intern().
std::string directory_of(fil_function_kind kind, const std::string& file) {
    char directory[4096];
    if (kind == FIL_FUNCTION_NATIVE_MODULE || file.empty() || file[0] == '/' || file[0] == '<')
        return {};
    return {directory, os::working_directory(directory, sizeof directory)};
}

trace::event event_of(const fil_trace_event& told) {
    constexpr int operations = FIL_TRACE_TOUCHED_MAPPING;
    const auto what = static_cast<int>(told.operation);
    if (what < 0 || what > operations || what == 5 || what == 6)
        throw failure{FIL_ERROR_ARGUMENT, "event: there is no such operation"};
    if (told.layer < 0 || told.layer > FIL_TRACE_RUNTIME_ARENA)
        throw failure{FIL_ERROR_ARGUMENT, "event: there is no such layer"};
    if (told.kind < 0 || static_cast<int>(told.kind) >= mapping_kinds)
        throw failure{FIL_ERROR_ARGUMENT, "event: there is no such mapping"};
    return {static_cast<trace::operation>(what),
            static_cast<trace::layer>(told.layer),
            static_cast<mapping_kind>(told.kind),
            static_cast<std::uint8_t>(std::min<std::uint32_t>(told.alignment, 255)),
            told.zeroed != 0,
            told.thread,
            callstack_id{told.callstack},
            told.bytes,
            trace::block_number{told.block},
            trace::block_number{told.moved_to},
            told.address,
            told.milliseconds};
}

}  // namespace

extern "C" {

fil_status fil_trace_writer_new(fil_trace_writer** writer, fil_text file,
                                const fil_trace_about* about, fil_error* error) {
    return guarded(error, [&] {
        check_pointer(writer, "writer");
        fil_trace_about said = FIL_TRACE_ABOUT_INIT;
        if (about != nullptr) said = checked_copy(about, "about");
        trace::process_about who{said.pid, said.parent, string_of(said.command),
                                 string_of(said.executable)};
        if (who.pid == 0) who.pid = os::process_id();
        if (!who.command.empty() && who.command.back() != 0) who.command += '\0';
        trace::file_header header;
        header.sample = std::max<std::uint32_t>(said.sample, 1);
        header.started_ns = said.started_ns != 0 ? said.started_ns : os::nanoseconds_since_1970();
        *writer = reinterpret_cast<fil_trace_writer*>(new told_trace(string_of(file), who, header));
    });
}

fil_status fil_trace_writer_function(fil_function* function, fil_trace_writer* writer,
                                     fil_function_kind kind, fil_text name, fil_text file,
                                     uint32_t first_line, fil_error* error) {
    return guarded(error, [&] {
        check_pointer(function, "function");
        const std::string path = string_of(file);
        const function_id found = trace_of(writer).callstacks().function(
            {static_cast<function_kind>(kind), string_of(name), path, directory_of(kind, path),
             first_line});
        if (found == function_id::none)
            throw failure{FIL_ERROR_MEMORY, "there are too many functions"};
        *function = to_index(found);
    });
}

fil_status fil_trace_writer_callstack(fil_callstack* callstack, fil_trace_writer* writer,
                                      fil_callstack caller, fil_function function, uint32_t line,
                                      fil_error* error) {
    return guarded(error, [&] {
        check_pointer(callstack, "callstack");
        told_callstacks& known = trace_of(writer).callstacks();
        if (!known.knows(callstack_id{caller}))
            throw failure{FIL_ERROR_ARGUMENT, "caller: there is no such callstack"};
        if (!known.knows(function_id{function}))
            throw failure{FIL_ERROR_ARGUMENT, "function: there is no such function"};
        const callstack_id found = known.child(callstack_id{caller}, function_id{function}, line);
        if (found == callstack_id::unknown)
            throw failure{FIL_ERROR_MEMORY, "there are too many callstacks"};
        *callstack = to_index(found);
    });
}

fil_status fil_trace_writer_add(fil_trace_writer* writer, const fil_trace_event* event,
                                fil_error* error) {
    return guarded(error, [&] {
        const fil_trace_event told = checked_copy(event, "event");
        if (const char* wrong = trace_of(writer).add(event_of(told)))
            throw failure{FIL_ERROR_ARGUMENT, std::string("event: ") + wrong};
    });
}

fil_status fil_trace_writer_finish(fil_trace_writer* writer, fil_trace_numbers* numbers,
                                   fil_error* error) {
    return guarded(error, [&] {
        told_trace& trace = trace_of(writer);
        trace.finish();
        const fil_trace_numbers found{sizeof found, 1, trace.events(), 0, trace.bytes()};
        if (numbers != nullptr) checked_fill(numbers, found, "numbers");
    });
}

void fil_trace_writer_free(fil_trace_writer* writer) {
    guarded(nullptr, [&] { delete reinterpret_cast<told_trace*>(writer); });
}

}  // extern "C"
