// fil_supervisor.h, what a supervisor does with a session. Cold.

#include <cstring>
#include <utility>

#include "fil/recording/large_mapping_list.hpp"
#include "fil/recording/memory.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "process/last_words.hpp"
#include "report/program_began.hpp"
#include "report/report_source.hpp"
#include "session/keeper.hpp"
#include "session/kept_recording.hpp"
#include "session/memory_of_process.hpp"
#include "session/parts_in_memory.hpp"
#include "session/refusal_text.hpp"
#include "session_handle.hpp"

using namespace fil;
using namespace fil::capi;

namespace {

const joined_process& recorded_process(const fil_session* session, int32_t pid) {
    const joined_process* process = session_of(session).find(pid);
    if (process == nullptr || !process->has_recording())
        throw failure{FIL_ERROR_EMPTY, "nothing was recorded"};
    return *process;
}

// With what its process does not know, for who draws it when the session is gone. Empty where that
// cannot be added.
shared_mapping with_names(const joined_process& process) {
    constexpr std::uint64_t most = 32 << 20;
    const recording_view recording = process.view();
    const bool is_good = recording.check() == recording_check::good && is_plausible(recording);
    if (!is_good || recording.used_bytes() > most) return {};
    shared_mapping copy = with_room_for_facts(recording);
    if (copy.base() == nullptr) return copy;
    recording_memory memory(copy.base(), copy.bytes());
    memory.add_fact<linux_system>("command", process.command);
    memory.add_fact<linux_system>("executable", process.executable);
    return copy;
}

// The next of the caller's array, whose elements have the caller's size.
template <typename Element>
void append(Element* array, size_t* count, size_t element_size, const Element& one) {
    std::memcpy(reinterpret_cast<char*>(array) + (*count)++ * element_size, &one,
                std::min(element_size, sizeof one));
}

}  // namespace

extern "C" {

fil_status fil_session_new(fil_session** session, fil_error* error) {
    return guarded(error, [&] {
        check_pointer(session, "session");
        *session = reinterpret_cast<fil_session*>(new fil::session);
    });
}

void fil_session_free(fil_session* session) {
    guarded(nullptr, [&] {
        if (session != nullptr) session_of(session).keeper().tell_over();
        delete reinterpret_cast<fil::session*>(session);
    });
}

int fil_session_keeper_socket(fil_session* session) {
    return answer_or(-1, [&] { return session_of(session).keeper().begin().release(); });
}

fil_status fil_session_keep_all(fil_session* session, int socket, fil_text directory, char* path,
                                size_t capacity, fil_kept* kept, fil_error* error) {
    return guarded(error, [&] {
        check_pointer(path, "path");
        keeper_line& line = session_of(session).keeper();
        line.hang_up();
        const auto files = keep_until_end(socket, line.state(), session_of(session).page(),
                                          {directory.data, directory.length});
        if (!files) throw failure{FIL_ERROR_EMPTY, {}};  // there may be no memory for more
        if (capacity != 0) path[files->folder.copy(path, capacity - 1)] = 0;
        fil_kept found = FIL_KEPT_INIT;
        found.missing = files->missing;
        found.running = files->running;
        if (kept != nullptr) checked_fill(kept, found, "kept");
    });
}

const char* fil_session_environment(const fil_session* session) {
    return answer_or<const char*>(nullptr,
                                  [&] { return session_of(session).environment().c_str(); });
}

int fil_session_descriptor(const fil_session* session) {
    return answer_or(-1, [&] { return session_of(session).descriptor(); });
}

void fil_session_serve(fil_session* session) {
    guarded(nullptr, [&] { session_of(session).serve(); });
}

void fil_session_hide_arguments(fil_session* session) {
    guarded(nullptr, [&] { session_of(session).hide_arguments(); });
}
void fil_session_show_arguments(fil_session* session) {
    guarded(nullptr, [&] { session_of(session).show_arguments(); });
}

void fil_session_leave_children_out(fil_session* session, int32_t program) {
    guarded(nullptr, [&] { session_of(session).leave_children_out(program); });
}

void fil_session_merge_native(fil_session* session) {
    guarded(nullptr, [&] { session_of(session).page().merges_native = 1; });
}

fil_status fil_session_read(const fil_session* session, fil_session_numbers* numbers) {
    return guarded(nullptr, [&] {
        fil_session_numbers found = FIL_SESSION_NUMBERS_INIT;
        session_of(session).correct_sums();
        const session_page& page = session_of(session).page();
        found.live = plausible(plausible(page.live.load(std::memory_order_relaxed)) +
                               session_of(session).pending());
        found.peak = std::max(plausible(page.peak.load(std::memory_order_relaxed)), found.live);
        found.processes = session_of(session).processes().size();
        found.unprofiled_children = session_of(session).unprofiled_children();
        found.reports_requested = page.reports_requested.load(std::memory_order_acquire);
        found.left_out = session_of(session).left_out();
        found.sandboxed = page.sandboxed.load(std::memory_order_relaxed);
        checked_fill(numbers, found, "numbers");
    });
}

uint64_t fil_session_refused(const fil_session* session, char* why, size_t capacity) {
    return answer_or<uint64_t>(0, [&] {
        const auto refused = session_of(session).refused();
        const std::string text = refused.count == 0 ? "" : text_of(refused.first);
        if (capacity != 0) why[text.copy(why, capacity - 1)] = 0;
        return refused.count;
    });
}

uint64_t fil_session_missed(const fil_session* session) {
    return answer_or<uint64_t>(0, [&] { return session_of(session).missed(); });
}

fil_status fil_session_process(fil_session* session, size_t number, fil_process* process) {
    return guarded(nullptr, [&] {
        if (number >= session_of(session).processes().size()) {
            throw failure{FIL_ERROR_ARGUMENT, "there is no such process"};
        }
        joined_process& joined = session_of(session).process(number);
        if (joined.has_recording()) {
            if (joined.runtime.empty()) joined.runtime = first_fact(joined.view(), "runtime");
            if (joined.note.empty()) joined.note = first_fact(joined.view(), "note");
        }
        const process_numbers numbers = joined.numbers();
        fil_process found = FIL_PROCESS_INIT;
        found.pid = joined.pid;
        found.parent_pid = joined.parent_pid;
        found.live = numbers.live;
        found.peak = numbers.peak;
        found.joined_ns = joined.joined_ns;
        found.command = text_of(joined.command);
        found.runtime = text_of(joined.runtime);
        found.note = text_of(joined.note);
        found.closed = numbers.closed;
        found.missed_events = numbers.missed_events;
        const run_record* run = joined.run();
        found.run_on = run != nullptr && run->on.load(std::memory_order_acquire) != 0;
        found.run_started_ns = run != nullptr ? run->started_ns : 0;
        found.callstacks = numbers.callstacks;
        found.recording_bytes = numbers.recording_bytes;
        found.killed = joined.was_killed ? 1 : 0;
        checked_fill(process, found, "process");
    });
}

void fil_session_note_cause(fil_session* session, size_t number, fil_text cause) {
    guarded(nullptr,
            [&] { session_of(session).process(number).cause.assign(cause.data, cause.length); });
}

void fil_session_note_copied(fil_session* session, size_t number, int64_t bytes) {
    guarded(nullptr, [&] { session_of(session).process(number).copied_bytes = bytes; });
}

int fil_session_began(const fil_session* session, int32_t pid) {
    return answer_or(1, [&] {
        const joined_process* process = session_of(session).find(pid);
        const bool began = process == nullptr || !process->has_recording() ||
                           process->view().check() != recording_check::good ||
                           program_began(process->view());
        return began ? 1 : 0;
    });
}

int32_t fil_session_asked(fil_session* session) {
    return answer_or(0, [&] { return session_of(session).asked(); });
}

void fil_session_answer(fil_session* session, int32_t pid, fil_status status, fil_text message) {
    guarded(nullptr, [&] {
        session_of(session).answer(pid, status, std::string(message.data, message.length));
    });
}

fil_status fil_session_visit(fil_session* session, uint64_t* visit, fil_visit_kind* kind) {
    return guarded(nullptr, [&] {
        check_pointer(visit, "visit");
        check_pointer(kind, "kind");
        const auto next = session_of(session).visitors().take();
        if (!next) throw failure{FIL_ERROR_EMPTY, "nobody asks"};
        *visit = next->number;
        *kind = next->kind == request_kind::report_of_now    ? FIL_VISIT_REPORT_OF_NOW
                : next->kind == request_kind::report_of_peak ? FIL_VISIT_REPORT_OF_PEAK
                                                             : FIL_VISIT_LOOK;
    });
}

void fil_session_answer_visit(fil_session* session, uint64_t visit, fil_status status,
                              fil_text message) {
    guarded(nullptr, [&] {
        visits& visitors = session_of(session).visitors();
        if (status == FIL_OK && message.length == 0)
            visitors.leave_to_another(visit);
        else
            visitors.answer(visit, status == FIL_OK, {message.data, message.length});
    });
}

void fil_session_detect_out_of_memory(fil_session* session) {
    guarded(nullptr, [&] {
        session_page& page = session_of(session).page();
        page.supervisor_pid = os::process_id();  // a watcher is not who made the session
        page.detects_out_of_memory.store(1);
    });
}

void fil_session_memory_is_low(fil_session* session, int32_t pid) {
    guarded(nullptr, [&] { session_of(session).tell_memory_is_low(pid); });
}

fil_status fil_session_out_of_memory(fil_session* session, fil_out_of_memory* process) {
    return guarded(nullptr, [&] {
        const joined_process* asking = session_of(session).out_of_memory();
        if (asking == nullptr) throw failure{FIL_ERROR_EMPTY, "nobody ran out of memory"};
        const recording_header& header = asking->header();
        fil_out_of_memory found = FIL_OUT_OF_MEMORY_INIT;
        found.pid = asking->pid;
        found.request_bytes = header.request_bytes;
        found.request_callstack = to_index(header.request_callstack);
        checked_fill(process, found, "process");
    });
}

void fil_session_let_go(fil_session* session, int32_t pid) {
    guarded(nullptr, [&] {
        const joined_process* process = session_of(session).find(pid);
        if (process != nullptr && process->has_recording()) hear_last_words(process->header());
    });
}

void fil_session_process_ended(fil_session* session, int32_t pid) {
    guarded(nullptr, [&] { session_of(session).process_ended(pid); });
}

fil_status fil_session_large_mappings(const fil_session* session, int32_t pid,
                                      fil_large_mapping* mappings, size_t* count,
                                      size_t mapping_size) {
    return guarded(nullptr, [&] {
        check_pointer(mappings, "mappings");
        check_pointer(count, "count");
        if (mapping_size == 0) throw failure{FIL_ERROR_ARGUMENT, "mapping_size is 0"};
        const size_t capacity = std::exchange(*count, 0);
        const joined_process& process = recorded_process(session, pid);
        const auto begin = [&] { *count = 0; };
        const auto add = [&](const large_mapping& one) {
            if (*count == capacity || one.bytes > std::uint64_t{most_bytes}) return;
            const fil_large_mapping found{one.address, one.bytes, to_index(one.callstack),
                                          static_cast<fil_mapping_kind>(one.kind)};
            append(mappings, count, mapping_size, found);
        };
        if (read_large_mappings(process.view(), begin, add)) return;
        *count = 0;
        throw failure{FIL_ERROR_STATE, "the process is changing its mappings"};
    });
}

fil_status fil_session_memory(const fil_session* session, int32_t pid,
                              void (*visit)(void* context, const fil_known_memory* part),
                              void* context) {
    return guarded(nullptr, [&] {
        if (visit == nullptr) throw failure{FIL_ERROR_ARGUMENT, "visit is NULL"};
        const auto all = read_memory_of_process(recorded_process(session, pid).view(), pid);
        if (!all) throw failure{FIL_ERROR_SYSTEM, "the memory of the process cannot be read"};
        const auto tell = [&](fil_known_kind kind, std::uint64_t address, std::uint64_t bytes,
                              const std::string& allocator = {}) {
            const fil_known_memory part{
                kind, {allocator.data(), allocator.size()}, address, bytes, 0, 0};
            visit(context, &part);
        };
        for (const auto& one : all->grounds)
            tell(FIL_KNOWN_GROUND, one.address, one.bytes, one.allocator);
        const auto tell_of_untold = [&](const read_mapping& one) {
            for (const auto& ground : all->untold_grounds) {
                const auto from = std::max<std::uint64_t>(one.start, ground.address),
                           end = std::min<std::uint64_t>(one.start + one.bytes,
                                                         ground.address + ground.bytes);
                if (from < end) tell(FIL_KNOWN_MAPPING, from, end - from, ground.allocator);
            }
        };
        for (const read_mapping& one : all->mappings) {
            if (one.kind == mapping_kind::anonymous && one.counted) {
                tell_of_untold(one);
                tell(FIL_KNOWN_MAPPING, one.start, one.bytes);
            } else if (!is_in_peak(one.kind) && one.kind >= mapping_kind::reserved) {
                tell(FIL_KNOWN_RESERVE, one.start, one.bytes);
            }
        }
        for (const auto& one : all->blocks) tell(FIL_KNOWN_BLOCK, one.address, one.bytes);
        for (const auto& one : all->small_blocks) tell(FIL_KNOWN_BLOCKS, one.address, one.bytes);
        for (const auto& one : all->heaps) tell(FIL_KNOWN_HEAP, one.address, one.bytes);
        for (const sparse_blocks::kept& one : all->sparse.by_callstack) {
            const fil_known_memory part{FIL_KNOWN_SPARSE,        {nullptr, 0}, 0, one.bytes,
                                        to_index(one.callstack), one.blocks};
            visit(context, &part);
        }
        tell(FIL_KNOWN_OCCUPIED, 0, all->sparse.occupied);
    });
}

fil_status fil_session_keep(fil_session* session, int32_t pid, fil_text file, fil_error* error) {
    return guarded(error, [&] {
        const joined_process& process = recorded_process(session, pid);
        const shared_mapping named = with_names(process);
        keep_recording(
            named.base() == nullptr ? process.view() : recording_view(named.base(), named.bytes()),
            std::string(file.data, file.length));
    });
}

}  // extern "C"
