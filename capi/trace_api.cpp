// fil_supervisor.h, traces: of a session, and those that are there. Cold.

#include <cerrno>
#include <optional>

#include "fil/trace/trace_reader.hpp"
#include "os/cold/files.hpp"
#include "report/trace_moment.hpp"
#include "session/trace_recorder.hpp"
#include "session_handle.hpp"
#include "snapshot_handle.hpp"
#include "structs.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

trace::bytes content_of(const std::string& path) {
    const file_descriptor file = os::open_to_read(path);
    const auto about = file.number() < 0 ? std::nullopt : os::facts_of(file.number());
    if (!about) throw std::system_error(errno, std::generic_category(), path);
    trace::bytes content(about->bytes);
    const auto got =
        os::read_at(file.number(), reinterpret_cast<char*>(content.data()), content.size(), 0);
    if (got < 0) throw std::system_error(errno, std::generic_category(), path);
    content.resize(static_cast<std::size_t>(got));
    return content;
}

// A trace and how far it was read.
struct read_trace {
    trace::bytes file;
    trace::reader reader;
    std::size_t process;
    std::size_t block = 0;
    trace::bytes content{};
    trace::event_decoder events{};

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
                new read_trace(content_of(std::string(file.data, file.length)), pid));
        });
    });
}

void fil_trace_free(fil_trace* trace) {
    guarded(nullptr, [&] { delete reinterpret_cast<read_trace*>(trace); });
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
