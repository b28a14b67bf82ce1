#pragma once
// Events of blocks in this process: the one way in, and the choice between fast and slow.
//
// The fast path does an event whole where nothing unusual is about: the process records, the thread
// has its counters and is in no other event (entry::enter), the block's leaf is the cached one,
// and the recorder finds all else usual (record_alloc_fast, record_free_fast). It keeps few values,
// so that its functions save no registers. Whatever it refuses, it has left unchanged, and the slow
// path does: entry::event(), which sees to everything. In between stands one step apart: a block
// in another leaf of the registry, whose lookup needs more registers.
//
// Hot path: no allocation, no throw, errno kept.

#include "process/process_entry.hpp"

namespace fil::block_events {

// ---- slow path: whatever is about ----

// A watched block is gone: whoever keyed a cache by its address must hear of it.
inline void note_watched(const registered_block& block, std::uintptr_t address) {
    if (block.watched) [[unlikely]]
        this_process.generation().raise(address, block.bytes);
}

// Those of allocations return `address`, so that who calls them with the last step has nothing left
// to do, and nothing to keep meanwhile.
FIL_RARE inline void* alloc_slow(void* address, std::size_t bytes,
                                 spacing from_next = spacing::close) {
    if (address != nullptr && !this_process.is_idle()) {
        entry::event([=](process_recorder& recorder, thread_state& thread) {
            recorder.record_alloc(thread, address_of(address), bytes, from_next);
        });
    }
    return address;
}

FIL_RARE inline const void* alloc_at_slow(const void* address, std::size_t bytes,
                                          callstack_id callstack,
                                          spacing from_next = spacing::close) {
    if (address == nullptr) return nullptr;
    entry::event([=](process_recorder& recorder, thread_state& thread) {
        recorder.record_alloc_at(thread, address_of(address), bytes, callstack, false, from_next);
    });
    return address;
}

// Takes a block out, wherever the event comes from, and hands it to `taken`. All by value, so that
// it can stay in registers.
template <typename Taken>
FIL_HOT void take(const void* address, Taken taken) {
    if (address == nullptr || this_process.is_idle()) return;
    const auto found = [=](const registered_block& block) FIL_INLINED {
        note_watched(block, address_of(address));
        taken(block);
    };
    entry::event(
        [=](process_recorder& recorder, thread_state& thread) {
            found(recorder.record_free(thread, address_of(address)));
        },
        [=](process_recorder& recorder) {
            if (!this_thread.is_only_silenced())
                return found(recorder.record_nested_free(this_thread.state, address_of(address)));
            entry::record_in_silence(recorder, [=](process_recorder& r, thread_state& thread) {
                found(r.record_free(thread, address_of(address)));
            });
        });
}

// What realloc forgot, where the real one failed.
FIL_RARE inline void restore(const void* address, std::size_t bytes, callstack_id callstack,
                             bool watched) {
    if (address == nullptr) return;
    entry::event_if_silenced(
        [=](process_recorder& recorder, thread_state& thread) {
            recorder.record_alloc_at(thread, address_of(address), bytes, callstack, watched);
        },
        entry::always);
}

FIL_RARE inline void free_slow(const void* address) {
    take(address, [](const registered_block&) {});
}

// ---- fast path, between enter() and leave() ----

// Memory that is likely in no cache, and will be written: it comes while other work is done.
FIL_HOT void ask_for(const void* address) {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
    __builtin_prefetch(address, 1);
#endif
}

FIL_HOT bool is_leaf_cached(const thread_state& thread, const void* address) {
    return process_recorder::is_leaf_cached(thread, address_of(address));
}
FIL_HOT bool cache_leaf(thread_state& thread, const void* address) {
    return this_process.recorder().cache_leaf(thread, address_of(address));
}

FIL_HOT void* alloc_in_leaf(thread_state& thread, void* address, std::size_t bytes,
                            callstack_id callstack) {
    const bool done =
        this_process.recorder().record_alloc_fast(thread, address_of(address), bytes, callstack);
    entry::leave();
    return done ? address : const_cast<void*>(alloc_at_slow(address, bytes, callstack));
}
[[gnu::noinline]] inline void* alloc_in_other_leaf(thread_state& thread, void* address,
                                                   std::size_t bytes, callstack_id callstack) {
    if (cache_leaf(thread, address)) [[likely]]
        return alloc_in_leaf(thread, address, bytes, callstack);
    entry::leave();
    return alloc_slow(address, bytes);
}

FIL_HOT void free_in_leaf(thread_state& thread, const void* address) {
    const bool done = this_process.recorder().record_free_fast(thread, address_of(address));
    entry::leave();
    if (!done) [[unlikely]]
        free_slow(address);
}
// A block far from the last ones is likely in no cache, nor is what we know of it. So that the free
// itself need not wait as well, its words before the block are asked for meanwhile.
[[gnu::noinline]] inline void free_in_other_leaf(thread_state& thread, const void* address) {
    ask_for(reinterpret_cast<const void*>(address_of(address) - sizeof(std::size_t)));
    if (cache_leaf(thread, address)) [[likely]]
        return free_in_leaf(thread, address);
    entry::leave();
    free_slow(address);
}

// Where the block is entered, while its callstack is looked for.
[[gnu::noinline]] inline bool cache_leaf_apart(thread_state& thread, const void* address) {
    return cache_leaf(thread, address);
}
FIL_HOT void ask_for_slot(thread_state& thread, const void* address) {
    if (!is_leaf_cached(thread, address) && !cache_leaf_apart(thread, address)) [[unlikely]]
        return;  // there is none yet
    ask_for(process_registry::cached_slot(thread.leaf, address_of(address)));
}

FIL_HOT void alloc_in_any_leaf(thread_state& thread, const void* address, std::size_t bytes,
                               callstack_id callstack, spacing from_next = spacing::close) {
    const bool done = (is_leaf_cached(thread, address) || cache_leaf(thread, address)) &&
                      this_process.recorder().record_alloc_fast(thread, address_of(address), bytes,
                                                                callstack, from_next);
    entry::leave();
    if (!done) [[unlikely]]
        alloc_at_slow(address, bytes, callstack, from_next);
}

// ---- the events ----

// The sources are asked for the callstack.
template <spacing FromNext = spacing::close>
[[gnu::noinline]] void* alloc(void* address, std::size_t bytes) {
    thread_state* thread;
    if (!entry::enter(thread)) [[unlikely]]
        return alloc_slow(address, bytes, FromNext);
    ask_for_slot(*thread, address);
    alloc_in_any_leaf(*thread, address, bytes, this_process.recorder().capture(*thread), FromNext);
    return address;
}

// The same for a source whose frames are merged with native ones, while it is still in the call of
// its capture before, which answered `runtimes`.
[[gnu::noinline]] inline void* alloc_in_call(void* address, std::size_t bytes,
                                             callstack_id runtimes) {
    thread_state* thread;
    if (!entry::enter(thread)) [[unlikely]]
        return alloc_slow(address, bytes);
    const inner_place here{native_place(), address_of(__builtin_return_address(0))};
    process_sources& sources = this_process.sources();
    callstack_id callstack = sources.find_in_call(thread->source_memory, runtimes, here);
    if (callstack == callstack_id::none) [[unlikely]] {
        callstack = this_process.recorder().capture(*thread);
        sources.keep_in_call(thread->source_memory, here, callstack);
    }
    alloc_in_any_leaf(*thread, address, bytes, callstack);
    return address;
}

// The caller, a source, knows the callstack.
FIL_HOT void* alloc_known(void* address, std::size_t bytes, callstack_id callstack) {
    thread_state* thread;
    if (!entry::enter(thread)) [[unlikely]]
        return alloc_slow(address, bytes);
    return is_leaf_cached(*thread, address)
               ? alloc_in_leaf(*thread, address, bytes, callstack)
               : alloc_in_other_leaf(*thread, address, bytes, callstack);
}

// On behalf of a callstack that need not be the thread's.
FIL_HOT void alloc_at(const void* address, std::size_t bytes, callstack_id callstack) {
    thread_state* thread;
    if (!entry::enter(thread)) [[unlikely]]
        return void(alloc_at_slow(address, bytes, callstack));
    alloc_in_any_leaf(*thread, address, bytes, callstack);
}

FIL_HOT void free(const void* address) {
    thread_state* thread;
    if (!entry::enter(thread)) [[unlikely]]
        return free_slow(address);
    return is_leaf_cached(*thread, address) ? free_in_leaf(*thread, address)
                                            : free_in_other_leaf(*thread, address);
}

}  // namespace fil::block_events
