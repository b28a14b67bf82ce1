#include "fake_recorder.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cstring>

#include "runtime_entry.hpp"

namespace fake {

constinit fil_block known_block{};
constinit fil_pieces* known_pieces = nullptr;
constinit bool running = false;
constinit bool allowed = true;
constinit int programs_started = 0;
constinit std::atomic<fil_callstack> inherited{0};

namespace {

constinit event events[64]{};
constinit std::size_t count = 0;
constinit bool listening = false;
constinit pthread_t listener{};

}  // namespace

void start() {
    count = 0;
    known_block = {};
    known_pieces = nullptr;
    listener = pthread_self();
    listening = true;
}

void stop() {
    listening = false;
}

void note(const char* name, const void* address, std::size_t bytes) {
    if (!listening || pthread_self() != listener || count == std::size(events)) return;
    events[count++] = {name, address, bytes};
}

std::string names() {
    stop();
    std::string all;
    for (std::size_t i = 0; i < count; ++i)
        all += (i == 0 ? "" : " ") + std::string(events[i].name);
    return all;
}

const event& find(const char* name) {
    stop();
    for (std::size_t i = 0; i < count; ++i) {
        if (std::strcmp(events[i].name, name) == 0) return events[i];
    }
    ADD_FAILURE() << "there was no " << name;
    return events[0];
}

}  // namespace fake

using fake::note;

extern "C" {

fil_status fil_recorder_start(const fil_recorder_options*, fil_error*) {
    return FIL_OK;
}
int fil_recorder_running(void) {
    return fake::running;
}
void fil_recorder_close(void) {
    note("close");
}
void fil_recorder_request_report(uint32_t) {
    note("request-report");
}
void fil_recorder_shrink(uint64_t) {
    note("shrink");
}
void fil_recorder_fold(void) {
    note("fold");
}
void fil_recorder_unfold(void) {
    note("unfold");
}
void fil_thread_signal_stack(const void* address, size_t bytes) {
    note("signal-stack", address, bytes);
}
uint32_t fil_sandbox_enter(const void* filter, size_t instructions) {
    note("sandbox", filter, instructions);
    return 0;
}
void fil_sandbox_restore(uint32_t) {
    note("no-sandbox", nullptr, 0);
}
int fil_sandbox_allows(uint32_t) {
    return fake::allowed;
}
void fil_sandbox_count(int change) {
    note(change > 0 ? "sandboxed" : "not-sandboxed", nullptr, 0);
}
void fil_thread_of_library(const void*, size_t) {}
void fil_thread_waits(const void* caller) {
    note("waits", caller);
}
void fil_thread_disarming_stack(const void* address, size_t bytes) {
    note("disarming-stack", address, bytes);
}
void fil_recorder_reopen(void) {
    note("reopen");
}
void fil_record_started_program(int change) {
    fake::programs_started += change;
}
void fil_record_unprofiled_child(void) {
    note("unprofiled");
}
void fil_record_killed_child(int32_t) {
    note("killed-child");
}
fil_callstack fil_callstack_of_new_thread(const void*) {
    return 42;
}
void fil_thread_inherit(fil_callstack callstack) {
    fake::inherited = callstack;
}
void fil_record_alloc(const void* address, size_t bytes) {
    note("alloc", address, bytes);
}
void fil_record_alloc_apart(const void* address, size_t bytes) {
    fil_record_alloc(address, bytes);
}
void fil_record_failed(size_t bytes) {
    note("failed", nullptr, bytes);
}
void fil_record_free(const void* address) {
    note("forget", address);
}
fil_block fil_block_forget(const void* address) {
    note("forget", address);
    return fake::known_block;
}
void fil_block_restore(const void* address, fil_block block) {
    note("restore", address, block.bytes);
}
void fil_guard_raise(void) {
    note("raise");
}
void fil_guard_lower(void) {
    note("lower");
}
void fil_recorder_describe(fil_text, fil_text) {}
fil_status fil_session_begin_in_files(const char*, const char*, char*, size_t, char*, size_t) {
    return FIL_ERROR_SYSTEM;
}
void* fil_source_map(size_t) {
    return nullptr;
}

void fil_record_map(const void* address, size_t bytes, fil_mapping_kind kind) {
    constexpr const char* names[] = {"map-anonymous",        "map-file",
                                     "map-shared",           "map-reserved",
                                     "map-shared-anonymous", "map-arena"};
    note(names[kind], address, bytes);
}
fil_pieces* fil_mapping_forget(const void* address, size_t bytes) {
    if (bytes == 0) return nullptr;
    note("forget-range", address, bytes);
    return fake::known_pieces;
}
void fil_mapping_discard(fil_pieces* pieces) {
    if (pieces != nullptr) note("discard", pieces);
}
void fil_record_view(const void*, const void* address, size_t bytes, fil_mapping_kind kind) {
    note(kind == FIL_MAPPING_SHARED ? "view" : "copy", address, bytes);
}
void fil_mapping_restore(fil_pieces* pieces) {
    if (pieces != nullptr) note("restore", pieces);
}
void fil_mapping_move(fil_pieces* pieces, const void*, const void* address, size_t bytes) {
    if (pieces != nullptr) note("move", address, bytes);
}
void fil_record_protect(const void* address, size_t bytes, fil_access access) {
    constexpr const char* names[] = {"inaccessible", "accessible", "arena"};
    note(names[access], address, bytes);
}

void fil_modules_unloaded(void) {
    note("unloaded");
}

// Allocators inside of objects (allocators_inside.cpp): none is met here.
void fil_record_reserve(const void*) {}
uint32_t fil_allocator_found(fil_text) {
    return 0;
}
uint32_t fil_allocator_untold(fil_text) {
    return 0;
}
void fil_allocator_ground(uint32_t, const void*, size_t) {}
void fil_allocator_ground_went(const void*, size_t) {}
void fil_pool_begin(void) {}
void fil_pool_end(void) {}
void fil_pool_alloc(const void*, size_t) {}

}  // extern "C"

namespace fil {

// Each row of the table does the same: nothing but the last one's note.
#define FIL_RUNTIME(name)                                \
    extern const runtime_entry fil_runtime_##name;       \
    constinit const runtime_entry fil_runtime_##name = { \
        nullptr, [] {}, [] { objects_were_added(&fil_runtime_##name); }, true};
void objects_were_added(const runtime_entry* runtime);
#include "runtimes.def"
#undef FIL_RUNTIME

void objects_were_added(const runtime_entry* runtime) {
    const runtime_entry* last = nullptr;
#define FIL_RUNTIME(name) last = &fil_runtime_##name;
#include "runtimes.def"
#undef FIL_RUNTIME
    if (runtime == last) note("objects-added");
}

}  // namespace fil
