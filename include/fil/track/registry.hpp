#pragma once
// The registry: address of a live block -> (callstack, size). Private to the process.
//
// A three-level page map indexed by the address itself, one 4-byte slot per 16-byte granule:
//
//     bit 3 | address bits 46..35 | bits 34..22   | bits 21..4      (of addresses of 47 bits)
//           root                  | middle        | leaf: 1 MiB of slots for 4 MiB of addresses
//
// Bit 3 doubles the root, so blocks at 8 modulo 16 (some allocators have them) have slots of their
// own. (Two levels are no faster where it was measured, and take 80 MiB of address space, which a
// program may have limited; leaves four times as long are a little faster, and take more of it.)
// A slot is 5 bits of code and 27 bits of callstack:
//
//     code 0..16    a block of that many bytes
//     code 20..23   a longer block: bit 0 = watched, bit 1 = giant; its low 27 size bits stand in
//                   the slot of its second granule, a giant's next 27 in that of its third
//     code 30       such a size, not a block
//
// A block longer than 16 bytes covers its second granule, so no other block can start there. It is
// lock-free without any atomic exchange: only the owner of a block touches its slots, between the
// real allocation and the real free. Unknown addresses read 0 and are ignored. A block whose free
// nobody saw is found when another is put over it (but for the second half of one that lies across
// the end of a leaf).
//
// Hot path: no allocation, no throw. First touch of 4 MiB of addresses maps a leaf (system calls).

#include <atomic>
#include <bit>
#include <initializer_list>

#include "fil/base/ids.hpp"
#include "fil/base/inlining.hpp"
#include "fil/base/pages.hpp"

namespace fil {

struct registered_block {
    callstack_id callstack = callstack_id::none;  // none: there is no block
    std::uint64_t bytes = 0;
    bool watched = false;
};

// The leaf that a thread used last: the next address is likely to be in it as well.
struct leaf_cache {
    std::uint64_t number = ~0ull;
    void* leaf = nullptr;
};

// How many bits an address of a user's has.
#if defined(__aarch64__)
inline constexpr int user_address_bits = 48;
#else
inline constexpr int user_address_bits = 47;
#endif

// The leaves' pages may be others: those of a process are zeroed in its forked children.
template <page_source Pages, page_source LeafPages = Pages, int address_bits = user_address_bits>
class registry {
    template <typename Registry>
    friend class registry_reader;  // of another process's

  public:
    using slot = std::uint32_t;

    // ---- fast path: the address's leaf is the cached one ----

    FIL_HOT static bool is_cached(const leaf_cache& cache, std::uintptr_t address) {
        return std::rotr(std::uint64_t{address}, 4) >> leaf_bits == cache.number;
    }
    FIL_HOT static slot* cached_slot(const leaf_cache& cache, std::uintptr_t address) {
        return static_cast<leaf*>(cache.leaf)->slots + ((address >> 4) & leaf_mask);
    }
    // False if the address has no leaf yet.
    FIL_HOT bool cache_leaf(leaf_cache& cache, std::uintptr_t address) const {
        slot* found = find_slot(address);
        if (found == nullptr) [[unlikely]]
            return false;
        const std::uint64_t rotated = std::rotr(std::uint64_t{address}, 4);
        cache = {rotated >> leaf_bits, found - (rotated & leaf_mask)};
        return true;
    }

    // A plain block, neither watched nor giant, whose slots are empty. Otherwise false, and nothing
    // is changed.
    FIL_HOT static bool insert_plain(slot* first, callstack_id callstack, std::uint64_t bytes) {
        const std::uint32_t id = to_index(callstack);
        if (bytes <= granule) {
            if (*first != 0) [[unlikely]]
                return false;
            *first = make(static_cast<std::uint32_t>(bytes), id);
            return true;
        }
        if (bytes > part_mask || load_both(first) != 0) [[unlikely]]
            return false;
        first[1] = make(code_size, static_cast<std::uint32_t>(bytes));
        first[0] = make(code_long, id);
        return true;
    }

    // Takes a plain block out, if may_take(callstack, bytes). Otherwise false, and nothing is
    // changed.
    template <typename MayTake>
    FIL_HOT static bool take_plain(slot* first, MayTake may_take) {
        const std::uint32_t value = *first;
        const std::uint32_t code = value >> part_bits;
        const callstack_id callstack{value & part_mask};
        if (code == code_long) [[likely]] {
            if (!may_take(callstack, first[1] & part_mask)) [[unlikely]]
                return false;
            store_both(first, 0);
            return true;
        }
        if (value == 0 || code > code_long || !may_take(callstack, code)) [[unlikely]]
            return false;
        *first = 0;
        return true;
    }

    // ---- any block, anywhere ----

    // What stood in its place is taken out and given to `forgotten(address, block)`. False if there
    // is no memory for it, or the address is none of a user's.
    template <typename Forgotten>
    FIL_HOT bool insert(std::uintptr_t address, callstack_id callstack, std::uint64_t bytes,
                        bool watched, Forgotten forgotten) {
        slot* first = make_slot(address);
        if (first == nullptr) [[unlikely]]
            return false;
        if (!watched && insert_plain(first, callstack, bytes)) [[likely]]
            return true;
        return insert_special(first, address, callstack, bytes, watched, forgotten);
    }

    FIL_HOT registered_block take(std::uintptr_t address) {
        slot* first = find_slot(address);
        if (first == nullptr) [[unlikely]]
            return {};
        registered_block block;
        const auto is_all = [&](callstack_id callstack, std::uint64_t bytes) FIL_INLINED {
            block.callstack = callstack;
            block.bytes = bytes;
            return true;
        };
        if (!take_plain(first, is_all)) [[unlikely]]
            take_special(first, address, block);
        return block;
    }

    // The block that starts here, which stays.
    registered_block look(std::uintptr_t address) const {
        const slot* first = find_slot(address);
        const std::uint32_t value = first != nullptr ? *first : 0;
        const std::uint32_t code = value >> part_bits;
        if (value == 0 || code == code_size) return {};
        registered_block block{callstack_id{value & part_mask}, code};
        if (code < code_long) return block;
        block.bytes = first[1] & part_mask;
        block.watched = (code & 1) != 0;
        const slot* third = (code & 2) != 0 ? find_slot(address + 2 * granule) : nullptr;
        if (third != nullptr) block.bytes |= std::uint64_t{*third & part_mask} << part_bits;
        return block;
    }

    // The block that holds this address, if it starts at a multiple of 16, in the address's leaf,
    // and less than so many granules before.
    registered_block look_around(std::uintptr_t address, std::uint32_t most) const {
        std::uintptr_t at = address & -granule;
        const slot* first = find_slot(at);
        if (first == nullptr) return {};
        const std::uint64_t before = (at >> 4) & leaf_mask;
        std::uint32_t back = 0;
        for (; back != most && back <= before; ++back, at -= granule) {
            const slot value = *(first - back);
            if (value == 0 || value >> part_bits == code_size) continue;
            const registered_block block = look(at);
            return address - at < block.bytes ? block : registered_block{};
        }
        return {};
    }

    // Marks the long block that starts here; taking it out says so. False if there is none.
    bool watch(std::uintptr_t address) {
        slot* first = find_slot(address);
        if (first == nullptr) return false;
        const std::uint32_t code = *first >> part_bits;
        if (code < code_long || code == code_size) return false;
        *first |= 1u << part_bits;
        return true;
    }

    // Puts a mark where a block stands that came before anything was recorded, so that taking it
    // out says `watched`: it counts no bytes. It has more than 16. False if there is no memory.
    bool watch_unknown(std::uintptr_t address, callstack_id callstack) {
        slot* first = make_slot(address);
        if (first == nullptr || first[0] != 0 || first[1] != 0) return false;
        first[1] = make(code_size, 0);
        first[0] = make(code_long | 1u, to_index(callstack));
        return true;
    }

    // Forgets everything, and gives the memory of the leaves back, where their pages can do that.
    void clear() {
        for (std::atomic<middle*>& root : root_) {
            middle* m = root.load(std::memory_order_acquire);
            if (m == nullptr) continue;
            for (std::atomic<leaf*>& entry : m->leaves) {
                leaf* l = entry.load(std::memory_order_acquire);
                if (l != nullptr) clear_leaf(*l);
            }
        }
    }

    // Takes out every block that starts in the range. Where nothing ever was, 4 MiB are a step.
    template <typename Forgotten>
    void take_range(std::uintptr_t address, std::uint64_t bytes, Forgotten forgotten) {
        for (const std::uintptr_t odd : {0, 8}) {
            std::uintptr_t at = ((address + granule - 1 - odd) & -granule) + odd;
            while (at - address < bytes) {
                const slot* first = find_slot(at);
                if (first == nullptr) {
                    at = ((at | (leaf_mask << 4 | 15)) & -granule) + granule + odd;
                    continue;
                }
                if (*first != 0) {
                    const registered_block block = take(at);
                    if (block.callstack != callstack_id::none) forgotten(at, block);
                }
                at += granule;
            }
        }
    }

  private:
    static constexpr std::uint64_t granule = 16;
    static constexpr std::uint32_t part_bits = callstack_bits;
    static constexpr std::uint32_t part_mask = (1u << part_bits) - 1;
    static constexpr std::uint32_t code_long = 20;
    static constexpr std::uint32_t code_size = 30;

    static constexpr int leaf_bits = 18, middle_bits = 13;
    static constexpr int root_bits = address_bits - 4 - leaf_bits - middle_bits + 1;
    static constexpr std::uint64_t leaf_mask = (1u << leaf_bits) - 1;
    // One slot more, for the size of a block in the last granule: a block's second slot is always
    // beside its first.
    struct leaf {
        slot slots[(1u << leaf_bits) + 1];
    };
    struct middle {
        std::atomic<leaf*> leaves[1u << middle_bits];
    };

    static void clear_leaf(leaf& cleared) {
        if constexpr (requires { LeafPages::clear(&cleared, sizeof(leaf)); }) {
            LeafPages::clear(&cleared, sizeof(leaf));
        } else {
            __builtin_memset(static_cast<void*>(&cleared), 0, sizeof(leaf));
        }
    }

    // Two slots that stand side by side, in one access.
    FIL_HOT static std::uint64_t load_both(const slot* first) {
        std::uint64_t both;
        __builtin_memcpy(&both, first, sizeof both);
        return both;
    }
    FIL_HOT static void store_both(slot* first, std::uint64_t both) {
        __builtin_memcpy(first, &both, sizeof both);
    }

    static std::uint32_t make(std::uint32_t code, std::uint32_t rest) {
        return code << part_bits | rest;
    }

    // The address as an index of granules. Rotated by 4, a user's address at 0 modulo 16 is itself
    // that index and everything else is larger; 8 modulo 16 has an upper half of its own.
    static constexpr std::uint64_t upper_half = 1ull << (leaf_bits + middle_bits + root_bits - 1);
    static constexpr std::uint64_t no_index = ~0ull;
    FIL_HOT static std::uint64_t index_of(std::uintptr_t address) {
        const std::uint64_t rotated = std::rotr(std::uint64_t{address}, 4);
        if (rotated < upper_half) [[likely]]
            return rotated;
        const bool is_users = (address >> address_bits) == 0 && (address & 15) == 8;
        return is_users ? (address >> 4) | upper_half : no_index;
    }

    FIL_HOT slot* find_slot(std::uintptr_t address) const {
        const std::uint64_t index = index_of(address);
        if (index == no_index) [[unlikely]]
            return nullptr;
        middle* m = root_[index >> (leaf_bits + middle_bits)].load(std::memory_order_acquire);
        if (m == nullptr) [[unlikely]]
            return nullptr;
        leaf* l = m->leaves[(index >> leaf_bits) & ((1u << middle_bits) - 1)].load(
            std::memory_order_acquire);
        if (l == nullptr) [[unlikely]]
            return nullptr;
        return &l->slots[index & leaf_mask];
    }

    FIL_HOT slot* make_slot(std::uintptr_t address) {
        slot* found = find_slot(address);
        return found != nullptr ? found : make_slot_slow(address);
    }

    FIL_RARE slot* make_slot_slow(std::uintptr_t address) {
        const std::uint64_t index = index_of(address);
        if (index == no_index) return nullptr;
        middle* m = make_level<middle, Pages>(root_[index >> (leaf_bits + middle_bits)]);
        if (m == nullptr) return nullptr;
        auto& entry = m->leaves[(index >> leaf_bits) & ((1u << middle_bits) - 1)];
        return make_level<leaf, LeafPages>(entry) != nullptr ? find_slot(address) : nullptr;
    }

    // A block over an older one, watched or giant.
    template <typename Forgotten>
    FIL_RARE bool insert_special(slot* first, std::uintptr_t address, callstack_id callstack,
                                 std::uint64_t bytes, bool watched, Forgotten forgotten) {
        const bool is_long = bytes > granule, is_giant = bytes >> part_bits != 0;
        if (first[0] != 0) forget_at(address, forgotten);
        if (is_long && first[1] != 0) forget_at(address + granule, forgotten);
        if (!is_long || (!watched && !is_giant)) return insert_plain(first, callstack, bytes);
        if (is_giant && !set_giant_part(address + 2 * granule, bytes >> part_bits, forgotten)) {
            return false;
        }
        first[1] = make(code_size, static_cast<std::uint32_t>(bytes) & part_mask);
        first[0] =
            make(code_long | (watched ? 1u : 0u) | (is_giant ? 2u : 0u), to_index(callstack));
        return true;
    }

    // A watched or giant block; or none.
    FIL_RARE void take_special(slot* first, std::uintptr_t address, registered_block& block) {
        const std::uint32_t value = first[0];
        const std::uint32_t code = value >> part_bits;
        if (code <= code_long || code == code_size) return;
        block = {callstack_id{value & part_mask}, first[1] & part_mask, (code & 1) != 0};
        store_both(first, 0);
        if ((code & 2) != 0) block.bytes |= take_giant_part(address + 2 * granule);
    }

    template <typename Forgotten>
    FIL_RARE bool set_giant_part(std::uintptr_t address, std::uint64_t part, Forgotten forgotten) {
        slot* third = make_slot(address);
        if (third == nullptr) return false;
        if (*third != 0) forget_at(address, forgotten);
        *third = make(code_size, static_cast<std::uint32_t>(part) & part_mask);
        return true;
    }

    FIL_RARE std::uint64_t take_giant_part(std::uintptr_t address) {
        slot* third = find_slot(address);
        const std::uint64_t part = *third & part_mask;
        *third = 0;
        return part << part_bits;
    }

    // Two threads may map the same level at once: one wins, the other gives its pages back.
    template <typename Level, typename From>
    static Level* make_level(std::atomic<Level*>& entry) {
        Level* level = entry.load(std::memory_order_acquire);
        if (level != nullptr) return level;
        auto* fresh = static_cast<Level*>(From::map(sizeof(Level)));
        if (fresh == nullptr) return nullptr;
        if (entry.compare_exchange_strong(level, fresh, std::memory_order_acq_rel)) return fresh;
        From::unmap(fresh, sizeof(Level));
        return level;
    }

    // The slot of `address` is occupied: by a block, or by the size of one that starts before.
    template <typename Forgotten>
    FIL_RARE void forget_at(std::uintptr_t address, Forgotten forgotten) {
        for (std::uint64_t back = 0; back <= 2 * granule; back += granule) {
            const slot* start = find_slot(address - back);
            const bool is_short = start != nullptr && *start >> part_bits < code_long;
            if (back != 0 && is_short) continue;  // it does not reach here
            registered_block block = take(address - back);
            if (block.callstack != callstack_id::none) {
                forgotten(address - back, block);
                return;
            }
        }
        *find_slot(address) = 0;
    }

    std::atomic<middle*> root_[1u << root_bits]{};
};

}  // namespace fil
