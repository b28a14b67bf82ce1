// fil_hooks.h, the process and its threads; mappings are in record_mapping.cpp, sandboxes in
// sandbox.cpp. Hot.

#include "fil_hooks.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "os/os.hpp"
#include "os/sandbox.hpp"
#include "process/allocator_book.hpp"
#include "process/new_thread.hpp"
#include "process/pool_threads.hpp"
#include "process/process_entry.hpp"
#include "process/report_wait.hpp"
#include "process/session_client.hpp"
#include "process/session_files.hpp"

using namespace fil;

extern "C" {

fil_status fil_session_begin_in_files(const char* directory, const char* inherited, char* session,
                                      size_t capacity, char* failed, size_t failed_capacity) {
    file_name text, where;
    if (inherited != nullptr && is_session_here(inherited)) {
        text += inherited;
    } else if (!begin_session_in_files(directory, os::process_id(), text, where)) {
        where.view().copy(failed, failed_capacity - 1);
        failed[std::min(where.view().size(), failed_capacity - 1)] = 0;
        return FIL_ERROR_SYSTEM;
    }
    if (text.is_cut() || text.view().size() >= capacity) return FIL_ERROR_SYSTEM;
    std::strcpy(session, text.text());
    return FIL_OK;
}

static_assert(FIL_ALLOCATOR_MALLOC == allocator_book::of_malloc);
uint32_t fil_allocator_found(fil_text name) {
    return note_allocator({name.data, name.length}, true);
}
uint32_t fil_allocator_untold(fil_text name) {
    return note_allocator({name.data, name.length}, false);
}
void fil_allocator_ground(uint32_t allocator, const void* address, size_t bytes) {
    if (allocator == 0) return;
    this_process.running();  // a forked child's lock is another one
    note_ground(allocator, address_of(address), bytes);
}
void fil_allocator_ground_went(const void* address, size_t bytes) {
    note_ground_went(address_of(address), bytes);
}

void fil_recorder_close(void) {
    this_process.close();
}
void fil_recorder_reopen(void) {
    this_process.reopen();
}

void fil_recorder_shrink(uint64_t address_space) {
    const std::uint64_t share = address_space / os::share_of_address_space;
    sandbox::pages.shrink(share);
    sandbox::pages_wiped_on_fork.shrink(share);
    entry::event([=](process_recorder& recorder, thread_state&) {
        recorder.memory().shrink<system_pages>(share);
    });
}

void fil_recorder_fold(void) {
    sandbox::pages.fold();
    sandbox::pages_wiped_on_fork.fold();
    entry::event(
        [](process_recorder& recorder, thread_state&) { recorder.memory().fold<system_pages>(); });
}
void fil_recorder_unfold(void) {
    sandbox::pages.unfold();
    sandbox::pages_wiped_on_fork.unfold();
    entry::event([](process_recorder& recorder, thread_state&) {
        recorder.memory().unfold<system_pages>();
    });
}

void fil_recorder_request_report(uint32_t milliseconds) {
    session_page* session = this_process.recording().session();
    if (session == nullptr || this_process.recording().session_text()[0] == 0) return;
    request_report(*session, milliseconds);
}

void fil_record_unprofiled_child(void) {
    if (process_recorder* recorder = this_process.running()) {
        recorder->count(recorder->header().unprofiled_children);
    }
}

void fil_record_killed_child(int32_t pid) {
    session_address address;
    if (!sandbox::allows(sandbox::of_starting)) return;  // the supervisor will notice
    this_process.running();  // a forked child has a session's page of its own
    if (this_process.recording().has_closed_dead(pid)) return;
    if (parse_session_address(this_process.recording().session_text(), address))
        say_child_killed(address, pid);
}

void fil_record_started_program(int change) {
    this_process.recording().count_started(change);
}

fil_callstack fil_callstack_of_new_thread(const void* code) {
    callstack_id charged = callstack_id::unknown;
    entry::event(
        [&](process_recorder& recorder, thread_state& thread) {
            // Those that a library's thread makes are that library's, whoever it works for now.
            const callstack_id creator =
                thread.is_librarys ? recorder.inherited(thread) : recorder.capture(thread);
            recorder.observer().threads_will_be_several();
            charged = callstack_of_new_thread(recorder, creator, address_of(code));
        },
        [](process_recorder& recorder) { recorder.observer().threads_will_be_several(); });
    return to_index(charged);
}

void fil_thread_of_library(const void* creator, size_t stack_bytes) {
    if (stack_bytes == 0) return pool_threads::end();
    entry::event([=](process_recorder&, thread_state& thread) {
        if (&thread == this_thread.state && thread.is_librarys)
            pool_threads::begin(address_of(creator), stack_bytes);
    });
}

void fil_thread_waits(const void* caller) {
    // Within an event it is a lock of ours that is waited for.
    if (this_process.states().recorder() == nullptr || this_thread.guard.depth() != 0) return;
    if (pool_threads::is_one()) return pool_threads::waits();
    this_process.sources().waits(caller);
}

void fil_thread_disarming_stack(const void* address, size_t bytes) {
    disarming_stack = {address_of(address), address == nullptr ? 0 : bytes};
}

void fil_thread_signal_stack(const void* address, size_t bytes) {
    signal_stack = {address_of(address), address == nullptr ? 0 : bytes};
}

void fil_modules_unloaded(void) {
    entry::event(
        [](process_recorder&, thread_state&) { this_process.sources().forget_unloaded_modules(); });
}

}  // extern "C"
