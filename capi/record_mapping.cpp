// fil_hooks.h, the events of mappings. Hot; each takes the mappings' lock for a moment.

#include "fil_hooks.h"
#include "process/allocator_book.hpp"
#include "process/pool_threads.hpp"
#include "process/process_entry.hpp"
#include "structs.hpp"

using namespace fil;

namespace {

// What is silenced (fil_guard_raise) are allocations and mappings that come; what goes is gone. For
// a pool, what comes is reserve.
using entry::always;
constexpr auto for_a_pool = [] { return this_thread.pools != 0; };

mapping_kind kind_now(fil_mapping_kind kind) {
    const bool is_reserve = this_thread.pools != 0 && is_in_peak(static_cast<mapping_kind>(kind));
    return is_reserve ? mapping_kind::pool : static_cast<mapping_kind>(kind);
}

// What a runtime's allocator maps for itself is silenced (its blocks are counted): it is their
// ground. A trace has both, and its reader chooses.
void tell_of_arena(const void* address, size_t bytes) {
    note_ground(allocator_book::of_runtime, address_of(address), bytes);
    if constexpr (process_is_traced) {
        entry::event_if_silenced(
            [=](process_recorder& recorder, thread_state& thread) {
                recorder.observer().arena_came(
                    thread, {address_of(address), bytes, recorder.capture(thread)});
            },
            always);
    }
}

}  // namespace

extern "C" {

void fil_record_request(fil_request request, size_t alignment) {
    if constexpr (process_is_traced) {
        process_observer::will_be_asked(request == FIL_REQUEST_ZEROED, alignment);
        if (request != FIL_REQUEST_ONLY_FREED) return;
        entry::event([](process_recorder& recorder,
                        thread_state& thread) { recorder.observer().not_moved(thread); },
                     [](process_recorder&) {});
    }
}

void fil_record_map(const void* address, size_t bytes, fil_mapping_kind kind) {
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.record_map(thread, address_of(address), bytes, kind_now(kind));
        },
        for_a_pool);
    if (this_thread.is_only_silenced() && !for_a_pool()) tell_of_arena(address, bytes);
}

void fil_record_view(const void* of, const void* address, size_t bytes, fil_mapping_kind kind) {
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.record_view(thread, address_of(of), address_of(address), bytes,
                                 kind_now(kind));
        },
        for_a_pool);
}

void fil_record_reserve(const void* address) {
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.mapped().become_reserve(thread, address_of(address));
        },
        always);
}

fil_pieces* fil_mapping_forget(const void* address, size_t bytes) {
    mapping* pieces = nullptr;
    if (bytes == 0) return nullptr;
    // Not of a child that was just forked: who read there in its parent never ends.
    if (this_process.states().recorder() != nullptr)
        pool_threads::memory_goes(address_of(address), bytes);
    if constexpr (process_is_traced) {
        entry::event_if_silenced(
            [=](process_recorder& recorder, thread_state& thread) {
                recorder.observer().range_went(thread,
                                               {address_of(address), bytes, callstack_id::unknown});
            },
            always);
    }
    entry::event_if_silenced(
        [&pieces, address, bytes](process_recorder& recorder, thread_state& thread) {
            pieces = recorder.mapped().forget(thread, address_of(address), bytes);
        },
        always);
    return reinterpret_cast<fil_pieces*>(pieces);
}

void fil_mapping_discard(fil_pieces* pieces) {
    if (pieces == nullptr) return;
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state&) {
            recorder.mapped().discard(reinterpret_cast<mapping*>(pieces));
        },
        always);
}

void fil_mapping_restore(fil_pieces* pieces) {
    if (pieces == nullptr) return;
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.mapped().restore(thread, reinterpret_cast<mapping*>(pieces));
        },
        always);
}

void fil_mapping_move(fil_pieces* pieces, const void* old_address, const void* new_address,
                      size_t new_bytes) {
    if (pieces == nullptr) return;
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.move_mapping(thread, reinterpret_cast<mapping*>(pieces),
                                  address_of(old_address), address_of(new_address), new_bytes);
        },
        always);
}

void fil_record_protect(const void* address, size_t bytes, fil_access access) {
    const bool goes = access == FIL_ACCESS_NONE;
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            const bool is_reserve = !goes && this_thread.pools != 0;
            recorder.mapped().protect(
                thread, address_of(address), bytes,
                is_reserve ? mapping_access::pool : static_cast<mapping_access>(access));
        },
        [=] { return goes || for_a_pool(); });
}

}  // extern "C"
