#include "fake_session.hpp"

#include <cstdio>
#include <utility>

using fil::cli::test::fake_process;
using fil::cli::test::fake_session;

namespace {
fake_session& fake(const fil_session* session) {
    return *const_cast<fake_session*>(reinterpret_cast<const fake_session*>(session));
}
}  // namespace

extern "C" {

const char* fil_version(void) {
    return "1.2.3";
}
fil_status fil_session_new(fil_session**, fil_error*) {
    return FIL_ERROR_SYSTEM;
}
void fil_session_free(fil_session*) {}
const char* fil_session_environment(const fil_session*) {
    return "fake";
}
int fil_session_descriptor(const fil_session*) {
    return -1;
}
void fil_session_serve(fil_session*) {}
int fil_session_keeper_socket(fil_session*) {
    return -1;
}
fil_status fil_session_keep_all(fil_session*, int, fil_text, char*, size_t, fil_kept*, fil_error*) {
    return FIL_ERROR_EMPTY;
}

fil_status fil_session_read(const fil_session* session, fil_session_numbers* numbers) {
    numbers->live = fake(session).live;
    numbers->peak = fake(session).peak;
    numbers->processes = fake(session).processes.size();
    numbers->reports_requested = fake(session).reports_requested;
    return FIL_OK;
}

fil_status fil_session_process(fil_session* session, size_t number, fil_process* process) {
    if (number >= fake(session).processes.size()) return FIL_ERROR_ARGUMENT;
    const fake_process& one = fake(session).processes[number];
    process->pid = one.pid;
    process->parent_pid = one.parent;
    process->live = one.live;
    process->closed = one.closed ? 1 : 0;
    process->killed = one.killed ? 1 : 0;
    process->peak = one.peak;
    process->run_on = one.run_on ? 1 : 0;
    process->run_started_ns = one.run_started_ns;
    process->callstacks = one.callstacks;
    process->command = {one.command.data(), one.command.size()};
    return FIL_OK;
}

void fil_session_note_copied(fil_session* session, size_t number, int64_t bytes) {
    fake(session).copied[number] = bytes;
}
void fil_session_note_cause(fil_session* session, size_t, fil_text cause) {
    fake(session).cause.assign(cause.data, cause.length);
}

fil_status fil_session_visit(fil_session* session, uint64_t* visit, fil_visit_kind* kind) {
    auto& waiting = fake(session).visits;
    if (waiting.empty()) return FIL_ERROR_EMPTY;
    *visit = waiting.front().number;
    *kind = waiting.front().kind;
    waiting.erase(waiting.begin());
    return FIL_OK;
}
void fil_session_answer_visit(fil_session* session, uint64_t visit, fil_status status,
                              fil_text message) {
    fake(session).visits_answered.push_back({visit, status, {message.data, message.length}});
}
fil_status fil_session_show(fil_session*, uint64_t, const fil_report_options*,
                            const fil_session_facts*, fil_error*) {
    return FIL_OK;
}

// What a visitor sees is set here too: fil_visit is a fake_look.
fil_status fil_visit_new(fil_visit**, int32_t, fil_error*) {
    return FIL_ERROR_STATE;
}
void fil_visit_free(fil_visit*) {}
fil_status fil_visit_ask(fil_visit*, fil_visit_kind, fil_error*) {
    return FIL_ERROR_STATE;
}
fil_status fil_visit_hear(fil_visit*, int32_t, char*, size_t, fil_error*) {
    return FIL_ERROR_EMPTY;
}
fil_status fil_visit_look(const fil_visit* visit, fil_look* look) {
    *look = reinterpret_cast<const fil::cli::test::fake_look*>(visit)->numbers;
    return FIL_OK;
}
fil_status fil_visit_row(const fil_visit* visit, fil_look_list list, size_t number,
                         fil_look_row* row) {
    const auto& rows = reinterpret_cast<const fil::cli::test::fake_look*>(visit)->rows[list];
    if (number >= rows.size()) return FIL_ERROR_EMPTY;
    *row = FIL_LOOK_ROW_INIT;
    row->bytes = rows[number].bytes;
    row->pid = rows[number].pid;
    row->text = {rows[number].text.data(), rows[number].text.size()};
    return FIL_OK;
}

void fil_session_detect_out_of_memory(fil_session*) {}
void fil_session_memory_is_low(fil_session* session, int32_t pid) {
    fake(session).told_low = pid;
}
fil_status fil_session_out_of_memory(fil_session* session, fil_out_of_memory* process) {
    auto& waiting = fake(session).out_of_memory;
    if (waiting.empty()) return FIL_ERROR_EMPTY;
    *process = waiting.back();
    waiting.pop_back();
    return FIL_OK;
}
void fil_session_let_go(fil_session* session, int32_t pid) {
    fake(session).let_go.push_back(pid);
}

void fil_session_process_ended(fil_session* session, int32_t pid) {
    fake(session).ended.push_back(pid);
}

fil_status fil_session_large_mappings(const fil_session* session, int32_t,
                                      fil_large_mapping* mappings, size_t* count, size_t) {
    const size_t capacity = std::exchange(*count, 0);
    if (fake(session).before_mappings) fake(session).before_mappings();
    if (!fake(session).mappings) return FIL_ERROR_STATE;
    for (const fil_large_mapping& mapping : *fake(session).mappings)
        if (*count < capacity) mappings[(*count)++] = mapping;
    return FIL_OK;
}

fil_status fil_session_memory(const fil_session* session, int32_t,
                              void (*visit)(void*, const fil_known_memory*), void* context) {
    if (fake(session).before_memory) fake(session).before_memory();
    for (const fil_known_memory& part : fake(session).memory) visit(context, &part);
    return fake(session).memory.empty() ? FIL_ERROR_EMPTY : FIL_OK;
}

fil_status fil_session_report(fil_session* session, const fil_report_options* options,
                              const fil_session_facts* facts, char* path, size_t capacity,
                              fil_error* error) {
    std::string written;
    const fil_status status = fake(session).report({*options, *facts}, written, *error);
    std::snprintf(path, capacity, "%s", written.c_str());
    return status;
}

fil_status fil_session_keep(fil_session* session, int32_t, fil_text file, fil_error* error) {
    fake(session).kept_in.assign(file.data, file.length);
    if (fake(session).keep != FIL_OK) std::snprintf(error->message, sizeof error->message, "full");
    return fake(session).keep;
}
}
