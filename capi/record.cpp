// fil.h, what happens inside a profiled process: each function is one event of the recorder. Hot,
// but for starting and stopping.

#include "fil.h"
#include "fil_hooks.h"
#include "os/os.hpp"
#include "process/block_events.hpp"
#include "process/last_words.hpp"
#include "process/process_entry.hpp"
#include "structs.hpp"

using namespace fil;

namespace {

std::string_view view(fil_text text) {
    return {text.data, text.length};
}

// An id from outside: never one that the tables have no place for.
callstack_id checked(fil_callstack id) {
    return id < max_callstacks ? callstack_id{id} : callstack_id::unknown;
}

// Where a callstack begins: the root, or that of the run that is on.
callstack_id caller_of(process_recorder& recorder, fil_callstack id) {
    return id <= FIL_CALLSTACK_UNKNOWN ? recorder.root() : checked(id);
}

const char* why_not_started(fil_status status) {
    switch (status) {
        case FIL_ERROR_STATE:
            return "a recorder runs already";
        case FIL_ERROR_NO_SESSION:
            return "there is no session: this program was not started by fil-profile";
        case FIL_ERROR_WHOLE_PROGRAM:
            return "fil-profile records this program already, and writes its report";
        case FIL_ERROR_SYSTEM:
            return "the session could not be joined";
        case FIL_ERROR_MEMORY:
            return "no memory, or too little address space, for a recording";
        default:
            return "options of a size that is not known";
    }
}

const char* why_not_stopped(fil_status status) {
    switch (status) {
        case FIL_ERROR_WHOLE_PROGRAM:
            return "fil-profile records this program, to its end";
        case FIL_ERROR_IN_RUN:
            return "a run is on";
        default:
            return "no recorder of this program's runs";
    }
}

}  // namespace

extern "C" {

const char* fil_version(void) {
    return capi::version;
}

fil_status fil_recorder_start(const fil_recorder_options* options, fil_error* error) {
    fil_recorder_options known{};
    fil_status status = capi::copy_struct(known, options);
    if (status == FIL_OK) status = this_process.start(known);
    capi::say(error, status, why_not_started(status));
    return status;
}

fil_status fil_recorder_stop(fil_error* error) {
    const fil_status status = this_process.stop();
    capi::say(error, status, why_not_stopped(status));
    return status;
}

int fil_recorder_running(void) {
    return this_process.running() != nullptr;
}

void fil_recorder_describe(fil_text key, fil_text value) {
    this_process.running();  // a forked child starts its own
    process_recorder* recorder = this_process.idle_or_running();
    if (recorder == nullptr || this_thread.guard.raised(stack_pointer())) return;
    const raised_guard inside(this_thread.guard);
    recorder->memory().add_fact<linux_system>(view(key).substr(0, 1024),
                                              view(value).substr(0, 1024));
}

void fil_record_failed(size_t bytes) {
    constexpr size_t address_space = size_t{1} << 56;  // a program's half, of the largest x86-64
    session_page* session = this_process.recording().session();
    if (session == nullptr || session->detects_out_of_memory.load(std::memory_order_relaxed) == 0 ||
        bytes >= address_space) {
        return;
    }
    entry::event(
        [=](process_recorder& recorder, thread_state& thread) {
            end_for_failed_request(*session, recorder.header(), bytes, recorder.capture(thread));
        },
        [](process_recorder&) {});
}

// ---- callstacks ----

fil_function fil_function_intern(fil_function_kind kind, fil_text name, fil_text file,
                                 uint32_t first_line) {
    process_recorder* recorder = this_process.running();
    if (recorder == nullptr) return 0;
    const bool is_relative = kind != FIL_FUNCTION_NATIVE_MODULE && file.length > 0 &&
                             file.data[0] != '/' && file.data[0] != '<';
    const raised_guard inside(this_thread.guard);
    const locked<linux_system> hold(this_process.lock());
    static char directory[4096];  // too large for the stack of a signal handler
    const std::size_t length = is_relative ? os::working_directory(directory, sizeof directory) : 0;
    return to_index(
        recorder->functions().intern({static_cast<function_kind>(kind), view(name), view(file),
                                      std::string_view(directory, length), first_line}));
}

fil_callstack fil_callstack_child(fil_callstack caller, fil_function function, uint32_t line) {
    process_recorder* recorder = this_process.running();
    if (recorder == nullptr || function == 0) return FIL_CALLSTACK_UNKNOWN;
    const raised_guard inside(this_thread.guard);
    return to_index(
        recorder->tree().child(caller_of(*recorder, caller), function_id{function}, line));
}

fil_callstack fil_callstack_caller(fil_callstack callstack, fil_function* function,
                                   uint32_t* line) {
    process_recorder* recorder = this_process.running();
    callstack_record at{};
    if (recorder != nullptr && recorder->root() < checked(callstack))
        at = recorder->tree().at(checked(callstack));
    if (function != nullptr) *function = to_index(at.function);
    if (line != nullptr) *line = at.line;
    return to_index(at.caller);
}

int fil_function_look(fil_function function, fil_text* file) {
    process_recorder* recorder = this_process.running();
    if (recorder == nullptr || function == 0) return -1;
    const function_text known = recorder->functions().text_of(function_id{function});
    if (file != nullptr) *file = {known.file.data(), known.file.size()};
    return static_cast<int>(known.kind);
}

fil_callstack fil_callstack_current(void) {
    callstack_id current = callstack_id::unknown;
    entry::event([&](process_recorder& recorder,
                     thread_state& thread) { current = recorder.capture(thread); },
                 [](process_recorder&) {});
    return to_index(current);
}

void fil_thread_inherit(fil_callstack callstack) {
    entry::event([&](process_recorder& recorder, thread_state& thread) {
        if (&thread == this_thread.state) recorder.inherit(thread, checked(callstack));
    });
}

fil_callstack fil_thread_inherited(void) {
    process_recorder* recorder = this_process.running();
    const thread_state* thread = this_thread.state;
    if (recorder == nullptr || thread == nullptr) return FIL_CALLSTACK_UNKNOWN;
    const callstack_id found = recorder->inherited(*thread);
    return found == recorder->root() ? FIL_CALLSTACK_UNKNOWN : to_index(found);
}

int fil_thread_on_signal_stack(void) {
    return system_signal_stacks::of_this_thread().active;
}

fil_status fil_source_register(const fil_source* source, fil_error* error) {
    fil_source known{};
    const fil_status status = capi::copy_struct(known, source);
    if (status != FIL_OK || known.capture == nullptr || known.thread_bytes > 2u << 20) {
        capi::say(error, "not a source: no capture function, or too much thread memory");
        return status != FIL_OK ? status : FIL_ERROR_ARGUMENT;
    }
    this_process.running();  // a forked child's lock is another one
    const raised_guard inside(this_thread.guard);
    const locked<linux_system> hold(this_process.lock());
    if (this_process.sources().add(known)) return FIL_OK;
    capi::say(error, "four sources are registered already");
    return FIL_ERROR_STATE;
}

int fil_source_is_merged(void) {
    this_process.running();  // a forked child asks its session at its first event
    return this_process.sources().merges_native_frames() ? 1 : 0;
}

void* fil_source_map(size_t bytes) {
    return system_pages::map(bytes);
}

void fil_source_unmap(void* address, size_t bytes) {
    system_pages::unmap(address, bytes);
}

uint64_t fil_generation(void) {
    this_process.running();  // a forked child's generation is another one
    return this_process.generation().number().load(std::memory_order_acquire);
}

const uint64_t* fil_generation_address(void) {
    return this_process.generation_address();
}

int fil_generation_cause(uint64_t generation, const void** address, size_t* bytes) {
    std::uintptr_t block;
    std::uint64_t length;
    if (!this_process.generation().cause_of(generation, block, length)) return 0;
    *address = reinterpret_cast<const void*>(block);
    *bytes = length;
    return 1;
}

int fil_block_watch(const void* address) {
    process_recorder* recorder = this_process.running();
    return recorder != nullptr && recorder->watch(address_of(address));
}

size_t fil_block_size(const void* address) {
    return fil_block_look(address).bytes;
}

fil_block fil_block_look(const void* address) {
    process_recorder* recorder = this_process.running();
    if (recorder == nullptr) return {0, FIL_CALLSTACK_NONE, 0};
    const registered_block block = recorder->look(address_of(address));
    return {block.bytes, to_index(block.callstack), block.watched ? 1u : 0u};
}

// ---- blocks ----

void fil_record_alloc(const void* address, size_t bytes) {
    block_events::alloc(const_cast<void*>(address), bytes);
}

void fil_record_alloc_apart(const void* address, size_t bytes) {
    block_events::alloc<spacing::apart>(const_cast<void*>(address), bytes);
}

void* fil_record_alloc_known(void* address, size_t bytes, fil_callstack callstack) {
    [[maybe_unused]] const asked_as as(trace_of_runtime);
    if (callstack - 1 >= max_callstacks - 1) [[unlikely]]
        return block_events::alloc(address, bytes);
    return block_events::alloc_known(address, bytes, callstack_id{callstack});
}

void* fil_record_alloc_in_call(void* address, size_t bytes, fil_callstack callstack) {
    [[maybe_unused]] const asked_as as(trace_of_runtime);
    if (callstack - 1 >= max_callstacks - 1) [[unlikely]]
        return block_events::alloc(address, bytes);
    return block_events::alloc_in_call(address, bytes, callstack_id{callstack});
}

void fil_record_alloc_at(const void* address, size_t bytes, fil_callstack callstack) {
    if (callstack != FIL_CALLSTACK_NONE) block_events::alloc_at(address, bytes, checked(callstack));
}

void fil_record_free(const void* address) {
    block_events::free(address);
}

fil_block fil_block_forget(const void* address) {
    registered_block block;
    [[maybe_unused]] const asked_as as(trace_moved);  // by realloc alone
    block_events::take(address, [&](const registered_block& taken) { block = taken; });
    return {block.bytes, to_index(block.callstack), block.watched ? 1u : 0u};
}

void fil_block_restore(const void* address, fil_block block) {
    if (block.callstack == FIL_CALLSTACK_NONE) return;
    block_events::restore(address, block.bytes, checked(block.callstack), block.flags != 0);
}

void fil_record_free_range(const void* address, size_t bytes) {
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.record_free_range(thread, address_of(address), bytes);
        },
        entry::always);
}

void fil_record_moved(const void* from, const void* to) {
    if (from == nullptr || to == nullptr || from == to) return;
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.record_moved(thread, address_of(from), address_of(to));
        },
        entry::always);
}

void fil_guard_raise(void) {
    ++this_thread.silenced;
    this_thread.guard.raise();
}
void fil_guard_lower(void) {
    this_thread.guard.lower();
    if (this_thread.silenced != 0) --this_thread.silenced;
}

// ---- pools ----

void fil_pool_begin(void) {
    constexpr std::uintptr_t callers = 1024;  // of this function: they have returned at the end
    entry::event([](process_recorder&, thread_state&) {});  // the thread gets its counters
    ++this_thread.silenced;
    ++this_thread.pools;
    this_thread.guard.raise(stack_pointer() + callers);
}
void fil_pool_end(void) {
    if (this_thread.pools != 0) --this_thread.pools;
    fil_guard_lower();
}

void fil_pool_alloc(const void* address, size_t bytes) {
    if (address == nullptr) return;
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.record_pool_alloc(thread, address_of(address), bytes, this_thread.around_pool);
        },
        [] { return this_thread.pools != 0; });
}

}  // extern "C"
