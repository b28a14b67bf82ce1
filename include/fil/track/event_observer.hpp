#pragma once
// The seam of tracing: who else hears of every event of a recorder?
//
// An observer is told after the recorder has counted the event, on the thread where it happens,
// with that thread's re-entry guard raised; of mappings under the mappings' lock as well. Frees
// that come inside another event are told when that ends. Hot path: no allocation, no throw; none
// of it costs anything where it does nothing.
//
// The fast path asks first: `has_room`, and tells by `came_at_once` or `went_at_once`, of which
// neither waits nor calls, so that its functions save no registers. Without room the event is done
// by the slow path, which may wait.

#include <concepts>
#include <cstdint>

#include "fil/base/ids.hpp"
#include "fil/track/thread_leases.hpp"

namespace fil {

// A block, or a part of a mapping. (A mapping that is cut, moved or protected goes and comes again
// in parts.)
struct memory_extent {
    std::uintptr_t address;
    std::uint64_t bytes;
    callstack_id callstack;
};

template <typename Observer>
concept event_observer = requires(Observer& observer, thread_state& thread,
                                  const memory_extent& extent, mapping_kind kind) {
    observer.block_came(thread, extent);
    observer.block_went(thread, extent);
    observer.mapping_came(thread, extent, kind);
    observer.mapping_went(thread, extent, kind);
    { observer.has_room(thread) } -> std::same_as<bool>;
    observer.came_at_once(thread, extent);
    { observer.has_room_to_go(thread, extent.bytes) } -> std::same_as<bool>;
    observer.went_at_once(thread, extent);
    observer.thread_ends(thread);
};

struct null_observer {
    void block_came(thread_state&, const memory_extent&) {}
    void block_went(thread_state&, const memory_extent&) {}
    void mapping_came(thread_state&, const memory_extent&, mapping_kind) {}
    void mapping_went(thread_state&, const memory_extent&, mapping_kind) {}
    static constexpr bool has_room(thread_state&) { return true; }
    static constexpr bool has_room_to_go(thread_state&, std::uint64_t) { return true; }
    void came_at_once(thread_state&, const memory_extent&) {}
    void went_at_once(thread_state&, const memory_extent&) {}
    void thread_ends(thread_state&) {}
};
static_assert(event_observer<null_observer>);

}  // namespace fil
