// fil_hooks.h, the events of mappings. Hot; each takes the mappings' lock for a moment.

#include "fil_hooks.h"
#include "process/process_recorder.hpp"
#include "structs.hpp"

using namespace fil;

extern "C" {

void fil_record_map(const void* address, size_t bytes, fil_mapping_kind kind) {
    this_process.event([=](process_recorder& recorder, thread_state& thread) {
        recorder.record_map(thread, address_of(address), bytes, static_cast<mapping_kind>(kind));
    });
}

void fil_record_view(const void* of, const void* address, size_t bytes) {
    this_process.event([=](process_recorder& recorder, thread_state& thread) {
        recorder.record_view(thread, address_of(of), address_of(address), bytes);
    });
}

fil_pieces* fil_mapping_forget(const void* address, size_t bytes) {
    mapping* pieces = nullptr;
    if (bytes == 0) return nullptr;
    this_process.event([&](process_recorder& recorder, thread_state& thread) {
        pieces = recorder.mapped().forget(thread, address_of(address), bytes);
    });
    return reinterpret_cast<fil_pieces*>(pieces);
}

void fil_mapping_discard(fil_pieces* pieces) {
    if (pieces == nullptr) return;
    this_process.event([=](process_recorder& recorder, thread_state&) {
        recorder.mapped().discard(reinterpret_cast<mapping*>(pieces));
    });
}

void fil_mapping_restore(fil_pieces* pieces) {
    if (pieces == nullptr) return;
    this_process.event([=](process_recorder& recorder, thread_state& thread) {
        recorder.mapped().restore(thread, reinterpret_cast<mapping*>(pieces));
    });
}

void fil_mapping_move(fil_pieces* pieces, const void* old_address, const void* new_address,
                      size_t new_bytes) {
    if (pieces == nullptr) return;
    this_process.event([=](process_recorder& recorder, thread_state& thread) {
        recorder.move_mapping(thread, reinterpret_cast<mapping*>(pieces), address_of(old_address),
                              address_of(new_address), new_bytes);
    });
}

void fil_record_protect(const void* address, size_t bytes, fil_access access) {
    this_process.event([=](process_recorder& recorder, thread_state& thread) {
        recorder.mapped().protect(thread, address_of(address), bytes,
                                  static_cast<mapping_access>(access));
    });
}

}  // extern "C"
