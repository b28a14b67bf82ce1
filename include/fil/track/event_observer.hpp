#pragma once
// The seam of tracing: who else hears of every event of a recorder?
//
// An observer is told after the recorder has counted the event, on the thread where it happens,
// with that thread's re-entry guard raised; of mappings under the mappings' lock as well. Frees
// that come inside another event are told when that ends. Hot path: no allocation, no throw; none
// of it costs anything where it does nothing.

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
};

struct null_observer {
    void block_came(thread_state&, const memory_extent&) {}
    void block_went(thread_state&, const memory_extent&) {}
    void mapping_came(thread_state&, const memory_extent&, mapping_kind) {}
    void mapping_went(thread_state&, const memory_extent&, mapping_kind) {}
};
static_assert(event_observer<null_observer>);

}  // namespace fil
