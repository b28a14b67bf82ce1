#pragma once
// A thread's cache in front of the call tree: (caller, key) -> callstack.
//
// Three-way set associative, a set is one cache line. It begins small, and grows where a program
// keeps coming back to more places than it holds: when callstacks that were known before had to be
// asked for again, as often as there is room for. All of it is dropped by forget(), which is a
// count: a set of an older epoch is empty. Where a key alone names a place in the code, two callers
// still give two callstacks. The set's number is a product, not a hash of quality: a worse spread
// only costs a look-up in the call tree. Zeroed memory is a valid, empty cache after the first
// forget(). One thread, no locks. Hot path: no allocation, no throw; growing takes pages.
#include <cstdint>
#include <cstring>

#include "fil.h"
#include "private_pages.hpp"

namespace fil::source_kit {

template <std::uint32_t FirstSets, std::uint32_t MostSets = FirstSets * 64,
          typename Pages = private_pages>
class node_cache {
    static_assert((FirstSets & (FirstSets - 1)) == 0 && (MostSets & (MostSets - 1)) == 0);

  public:
    void forget() {
        if (sets_ == nullptr) {
            sets_ = first_sets_;
            mask_ = FirstSets - 1;
        }
        if (++epoch_ != 0) return;
        std::memset(sets_, 0, bytes_of(mask_ + 1));  // it went round: older sets would look new
        epoch_ = 1;
    }

    // The known callstack, or FIL_CALLSTACK_NONE.
    fil_callstack find(fil_callstack caller, std::uint64_t key) const {
        const set& place = sets_[number(caller, key)];
        if (place.epoch != epoch_) return FIL_CALLSTACK_NONE;
        for (const way& each : place.ways) {
            if (each.key == key && each.caller == caller) return each.callstack;
        }
        return FIL_CALLSTACK_NONE;
    }

    void insert(fil_callstack caller, std::uint64_t key, fil_callstack callstack) {
        const way displaced = put({key, caller, callstack});
        // Callstacks are numbered as they come: a lower number was known before.
        if (callstack > newest_) {
            newest_ = callstack;
        } else if (displaced.callstack != FIL_CALLSTACK_NONE && ++missed_ > 3 * mask_) {
            grow();
        }
    }

    std::uint32_t sets() const { return mask_ + 1; }

  private:
    struct way {
        std::uint64_t key;
        fil_callstack caller;
        fil_callstack callstack;  // FIL_CALLSTACK_NONE: unused
    };
    struct alignas(64) set {
        way ways[3];
        std::uint32_t epoch;
        std::uint32_t oldest;
    };
    static_assert(sizeof(set) == 64);

    static std::size_t bytes_of(std::uint32_t sets) { return std::size_t{sets} * sizeof(set); }

    std::uint32_t number(fil_callstack caller, std::uint64_t key) const {
        const std::uint64_t mixed = (key ^ (std::uint64_t{caller} << 20)) * 0x9e3779b97f4a7c15u;
        return static_cast<std::uint32_t>(mixed >> 40) & mask_;
    }

    // Returns what had to go for it.
    way put(const way& known) {
        set& place = sets_[number(known.caller, known.key)];
        if (place.epoch != epoch_) place = {.ways = {}, .epoch = epoch_, .oldest = 0};
        const way displaced = place.ways[place.oldest];
        place.ways[place.oldest] = known;
        place.oldest = place.oldest == 2 ? 0 : place.oldest + 1;
        return displaced;
    }

    [[gnu::noinline]] void grow() {
        missed_ = 0;
        const std::uint32_t count = mask_ + 1;
        if (count == MostSets) return;
        set* const old = sets_;
        auto* const fresh = static_cast<set*>(Pages::map(bytes_of(count * 4)));
        if (fresh == nullptr) return;
        sets_ = fresh;
        mask_ = count * 4 - 1;
        for (std::uint32_t i = 0; i < count; ++i) {
            if (old[i].epoch != epoch_) continue;
            for (const way& each : old[i].ways) {
                if (each.callstack != FIL_CALLSTACK_NONE) put(each);
            }
        }
        if (old != first_sets_) Pages::unmap(old, bytes_of(count));
    }

    set* sets_;  // first_sets_, or what it has outgrown that for
    std::uint32_t mask_;
    std::uint32_t epoch_;
    fil_callstack newest_;
    std::uint32_t missed_;  // since it grew: known callstacks that there was no room for
    set first_sets_[FirstSets];
};

}  // namespace fil::source_kit
