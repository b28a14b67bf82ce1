#pragma once
/* A thread's cache in front of the call tree: (caller, key) -> callstack.
 *
 * Three-way set associative, a set is one cache line. All of it is dropped by forget(), which is a
 * count: a set of an older epoch is empty. Where a key alone names a place in the code, two callers
 * still give two callstacks. The set's number is a product, not a hash of quality: a worse spread
 * only costs a look-up in the call tree. Zeroed memory is a valid, empty cache after the first
 * forget(). One thread, no locks. Hot path: no allocation, no throw.
 */
#include <cstdint>
#include <cstring>

#include "fil.h"

namespace fil::python {

template <std::uint32_t Sets>
class node_cache {
    static_assert((Sets & (Sets - 1)) == 0);

  public:
    void forget() {
        if (++epoch_ != 0) return;
        std::memset(sets_, 0, sizeof sets_); /* the count went round: older sets would look new */
        epoch_ = 1;
    }

    /* The known callstack, or FIL_CALLSTACK_NONE. */
    fil_callstack find(fil_callstack caller, std::uint64_t key) const {
        const set& place = sets_[number(caller, key)];
        if (place.epoch != epoch_) return FIL_CALLSTACK_NONE;
        for (const way& each : place.ways) {
            if (each.key == key && each.caller == caller) return each.callstack;
        }
        return FIL_CALLSTACK_NONE;
    }

    void insert(fil_callstack caller, std::uint64_t key, fil_callstack callstack) {
        set& place = sets_[number(caller, key)];
        if (place.epoch != epoch_) place = {.ways = {}, .epoch = epoch_, .oldest = 0};
        place.ways[place.oldest] = {key, caller, callstack};
        place.oldest = place.oldest == 2 ? 0 : place.oldest + 1;
    }

  private:
    struct way {
        std::uint64_t key;
        fil_callstack caller;
        fil_callstack callstack; /* FIL_CALLSTACK_NONE: unused */
    };
    struct alignas(64) set {
        way ways[3];
        std::uint32_t epoch;
        std::uint32_t oldest;
    };
    static_assert(sizeof(set) == 64);

    static std::uint32_t number(fil_callstack caller, std::uint64_t key) {
        const std::uint64_t mixed = (key ^ (std::uint64_t{caller} << 20)) * 0x9e3779b97f4a7c15u;
        return static_cast<std::uint32_t>(mixed >> 40) & (Sets - 1);
    }

    std::uint32_t epoch_;
    set sets_[Sets];
};

}  // namespace fil::python
