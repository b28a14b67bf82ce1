#pragma once
// The registry: address of a live block -> (callstack, size). Private to the process.
//
// A three-level page map indexed by the address itself, one 4-byte slot per window of 32 bytes
// (registry_slot.hpp):
//
//     bits 3, 2 | address bits 46..36 | bits 35..23   | bits 22..5  (of addresses of 47 bits)
//               root                  | middle        | leaf: 1 MiB of slots for 8 MiB of addresses
//
// Blocks of the C library's are *apart*: they have 32 bytes at least, so no two start in one
// window. Where other allocators put two, the first is *tiny*: in the window's first half, and no
// longer than that. Such a block has its slot in a part of the map of its own, told by bit 2, which
// no address has. So the slot of a block is its owner's alone. Bit 3 doubles the root as well, so
// blocks at 8 modulo 16 (some allocators have them) have windows of their own. (Two levels are no
// faster where it was measured, and take 80 MiB of address space, which a program may have limited;
// leaves four times as long are a little faster, and take more of it.)
//
// It is lock-free without any atomic exchange: only the owner of a block touches its slots, between
// the real allocation and the real free. Unknown addresses read 0 and are ignored. A block whose
// free nobody saw is found when another is put over its slots (but for the size of one that lies
// across the end of a leaf; and a tiny one by what begins where it did, on the slow path).
//
// Hot path: no allocation, no throw. First touch of 8 MiB of addresses maps a leaf (system calls).

#include <atomic>
#include <bit>
#include <initializer_list>
#include <utility>

#include "fil/base/ids.hpp"
#include "fil/base/inlining.hpp"
#include "fil/base/pages.hpp"
#include "fil/track/registry_slot.hpp"

namespace fil {

struct registered_block {
    callstack_id callstack = callstack_id::none;  // none: there is no block
    std::uint64_t bytes = 0;
    bool watched = false;
};

struct located_block {
    std::uintptr_t address;
    registered_block block;
};

// Whether another block may begin within the 32 bytes after a block's beginning.
enum class spacing : bool { close, apart };

// The leaf that a thread used last: the next address is likely to be in it as well.
struct leaf_cache {
    static constexpr std::uint64_t none = ~0ull;  // of no address
    std::uint64_t number = none;
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
    using slot = registry_slot;

    // ---- fast path: the address's leaf is the cached one ----

    FIL_HOT static bool is_cached(const leaf_cache& cache, std::uintptr_t address) {
        return std::rotr(std::uint64_t{address}, 4) >> (leaf_bits + 1) == cache.number;
    }
    FIL_HOT static slot* cached_slot(const leaf_cache& cache, std::uintptr_t address) {
        return static_cast<leaf*>(cache.leaf)->slots + index_in_leaf(address);
    }
    // False if the address has no leaf yet.
    FIL_HOT bool cache_leaf(leaf_cache& cache, std::uintptr_t address) const {
        leaf* found = find_leaf(index_of(address));
        if (found == nullptr) [[unlikely]]
            return false;
        cache = {std::rotr(std::uint64_t{address}, 4) >> (leaf_bits + 1), found};
        return true;
    }

    // A plain block, neither watched nor giant nor tiny, whose slots are empty. Otherwise false,
    // and nothing is changed.
    FIL_HOT static bool insert_plain(slot* first, std::uintptr_t address, callstack_id callstack,
                                     std::uint64_t bytes, spacing from_next = spacing::close) {
        constexpr std::uint64_t least = slot::short_most + 1;
        if (bytes - least <= slot::plain_most - least) [[likely]] {
            if (load_both(first) != 0) [[unlikely]]
                return false;
            first[1] = slot::of_size(bytes);
            first[0] = slot::of_long(address, callstack);
            return true;
        }
        if (bytes > slot::short_most || is_tiny(address, bytes, from_next) || !first->is_empty())
            [[unlikely]]
            return false;
        *first = slot::of_short(address, callstack, bytes);
        return true;
    }

    // Takes such a block out, if may_take(callstack, bytes). Otherwise false, and nothing is
    // changed.
    template <typename MayTake>
    FIL_HOT static bool take_plain(slot* first, std::uintptr_t address, MayTake may_take) {
        const std::uint32_t found = first->block_at(address);
        if (found == slot::plain_long) [[likely]] {
            if (!may_take(first->callstack(), first[1].size())) [[unlikely]]
                return false;
            store_both(first, 0);
            return true;
        }
        if (found > slot::short_most || !may_take(first->callstack(), found)) [[unlikely]]
            return false;
        *first = {};
        return true;
    }

    // ---- any block, anywhere ----

    // What stood in its place is taken out and given to `forgotten(address, block)`. False if there
    // is no memory for it, or the address is none of a user's.
    template <typename Forgotten>
    FIL_HOT bool insert(std::uintptr_t address, callstack_id callstack, std::uint64_t bytes,
                        bool watched, Forgotten forgotten, spacing from_next = spacing::close) {
        const std::uint64_t index = index_of(address);
        slot* first = make_slot(index);
        if (first == nullptr) [[unlikely]]
            return false;
        const slot* tiny = find_slot(index | tiny_part);
        if (!watched && (tiny == nullptr || tiny->is_empty()) &&
            insert_plain(first, address, callstack, bytes, from_next)) [[likely]]
            return true;
        return insert_special(address, {callstack, bytes, watched}, forgotten, from_next);
    }

    FIL_HOT registered_block take(std::uintptr_t address) {
        std::uint64_t index;
        slot* first = find_block(address, index);
        if (first == nullptr) [[unlikely]]
            return {};
        const registered_block block = read(first, index);
        if (!first->is_long()) {
            *first = {};
            return block;
        }
        if (first->is_giant()) [[unlikely]]
            *find_slot(index + 2) = {};
        store_both(first, 0);
        return block;
    }

    // The block that starts here, which stays.
    registered_block look(std::uintptr_t address) const {
        std::uint64_t index;
        const slot* first = find_block(address, index);
        return first != nullptr ? read(first, index) : registered_block{};
    }

    // The block that holds this address, if it starts at a multiple of 16, in the address's leaf,
    // and less than so many times 16 bytes before.
    located_block look_around(std::uintptr_t address, std::uint32_t most) const {
        std::uintptr_t at = address & -slot::half;
        std::uint64_t index = index_of(at);
        if (find_leaf(index) == nullptr) return {};
        const std::uintptr_t before = (address & (leaf_covers - 1)) / slot::half;
        for (std::uint32_t back = 0; back != most && back <= before; ++back, at -= slot::half) {
            const slot* first = find_block(at, index);
            if (first == nullptr) continue;
            const registered_block block = read(first, index);
            return address - at < block.bytes ? located_block{at, block} : located_block{};
        }
        return {};
    }

    // Marks the long block that starts here; taking it out says so. False if there is none.
    bool watch(std::uintptr_t address) {
        std::uint64_t index;
        slot* first = find_block(address, index);
        if (first == nullptr || !first->is_long()) return false;
        first->set_watched();
        return true;
    }

    // Puts a mark where a block stands that came before anything was recorded, so that taking it
    // out says `watched`: it counts no bytes. It is a long one. False if there is no memory.
    bool watch_unknown(std::uintptr_t address, callstack_id callstack) {
        slot* first = make_slot(index_of(address));
        if (first == nullptr || !first[0].is_empty() || !first[1].is_empty()) return false;
        slot entered = slot::of_long(address, callstack);
        entered.set_watched();
        first[1] = slot::of_size(0);
        first[0] = entered;
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

    // Takes out every block that starts in the range. Where nothing ever was, 8 MiB are a step.
    template <typename Forgotten>
    void take_range(std::uintptr_t address, std::uint64_t bytes, Forgotten forgotten) {
        for (const std::uint64_t part :
             {std::uint64_t{0}, odd_part, tiny_part, odd_part | tiny_part}) {
            std::uintptr_t at = address & -slot::window;
            for (; at < address || at - address < bytes; at += slot::window) {
                const std::uint64_t index = index_of(at);
                if (index == no_index) return;
                const slot* first = find_slot(index | part);
                if (first == nullptr) {
                    at |= leaf_covers - slot::window;
                    continue;
                }
                const std::uintptr_t start = address_of(index | part) + first->start();
                if (!first->is_block() || start - address >= bytes) continue;
                forgotten(start, take(start));
            }
        }
    }

  private:
    static constexpr int leaf_bits = 18, middle_bits = 13;
    static constexpr int window_bits = 5, parts_log2 = 2;
    static constexpr int root_bits =
        address_bits - window_bits - leaf_bits - middle_bits + parts_log2;
    static constexpr std::uint64_t leaf_mask = (1u << leaf_bits) - 1;
    static constexpr std::uintptr_t leaf_covers = slot::window << leaf_bits;
    // One slot more, for the size of a block in the last window: a block's second slot is always
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
        __builtin_memcpy(static_cast<void*>(first), &both, sizeof both);
    }

    FIL_HOT static std::uint64_t index_in_leaf(std::uintptr_t address) {
        return address >> window_bits & leaf_mask;
    }

    // ---- tiny blocks ----

    FIL_HOT static bool is_tiny(std::uintptr_t address, std::uint64_t bytes, spacing from_next) {
        return bytes <= slot::half && (address & slot::half) == 0 && from_next == spacing::close;
    }

    // ---- the map ----

    // The address as an index of windows; the part of the map stands above the user's bits.
    static constexpr std::uint64_t no_index = ~0ull;
    static constexpr int tiny_bit = address_bits - window_bits, odd_bit = tiny_bit + 1;
    static constexpr std::uint64_t tiny_part = 1ull << tiny_bit, odd_part = 1ull << odd_bit;
    FIL_HOT static std::uint64_t index_of(std::uintptr_t address) {
        // Rotated by 3, a user's address at a multiple of 8 is small, and everything else is not.
        if (std::rotr(std::uint64_t{address}, 3) >> (address_bits - 3) != 0) [[unlikely]]
            return no_index;
        return address >> window_bits | std::uint64_t{address >> 3 & 1} << odd_bit;
    }

    FIL_HOT leaf* find_leaf(std::uint64_t index) const {
        if (index == no_index) [[unlikely]]
            return nullptr;
        middle* m = root_[index >> (leaf_bits + middle_bits)].load(std::memory_order_acquire);
        if (m == nullptr) [[unlikely]]
            return nullptr;
        return m->leaves[index >> leaf_bits & ((1u << middle_bits) - 1)].load(
            std::memory_order_acquire);
    }
    FIL_HOT slot* find_slot(std::uint64_t index) const {
        leaf* l = find_leaf(index);
        return l != nullptr ? l->slots + (index & leaf_mask) : nullptr;
    }

    // Where the block stands that starts at the address, or nothing.
    FIL_HOT slot* find_block(std::uintptr_t address, std::uint64_t& index) const {
        index = index_of(address);
        slot* first = find_slot(index);
        if (first == nullptr) [[unlikely]]
            return nullptr;
        if (first->is_block_at(address)) [[likely]]
            return first;
        index |= tiny_part;
        first = find_slot(index);
        return first != nullptr && first->is_block_at(address) ? first : nullptr;
    }

    FIL_HOT registered_block read(const slot* first, std::uint64_t index) const {
        registered_block block{first->callstack(), first->short_bytes()};
        if (!first->is_long()) return block;
        block.bytes = first[1].size();
        block.watched = first->is_watched();
        const slot* third = first->is_giant() ? find_slot(index + 2) : nullptr;
        if (third != nullptr) block.bytes |= third->size() << slot::size_bits;
        return block;
    }

    FIL_HOT slot* make_slot(std::uint64_t index) {
        slot* found = find_slot(index);
        return found != nullptr ? found : make_slot_slow(index);
    }

    FIL_RARE slot* make_slot_slow(std::uint64_t index) {
        if (index == no_index) return nullptr;
        middle* m = make_level<middle, Pages>(root_[index >> (leaf_bits + middle_bits)]);
        if (m == nullptr) return nullptr;
        auto& entry = m->leaves[index >> leaf_bits & ((1u << middle_bits) - 1)];
        return make_level<leaf, LeafPages>(entry) != nullptr ? find_slot(index) : nullptr;
    }

    template <typename Forgotten>
    FIL_RARE bool set_giant_part(std::uint64_t index, std::uint64_t part, Forgotten forgotten) {
        slot* third = make_slot(index);
        if (third == nullptr) return false;
        if (!third->is_empty()) forget_at(index, forgotten);
        *third = slot::of_size(part & slot::plain_most);
        return true;
    }

    // A watched, giant or tiny block, or one over an older one.
    template <typename Forgotten>
    FIL_RARE bool insert_special(std::uintptr_t address, registered_block block,
                                 Forgotten forgotten, spacing from_next) {
        std::uint64_t index = index_of(address), other = index | tiny_part;
        if (is_tiny(address, block.bytes, from_next)) std::swap(index, other);
        slot* first = make_slot(index);
        if (first == nullptr) return false;
        if (!first->is_empty()) forget_at(index, forgotten);
        const slot* same = find_slot(other);
        if (same != nullptr && same->is_block_at(address)) forget_at(other, forgotten);
        if (block.bytes <= slot::short_most) {
            *first = slot::of_short(address, block.callstack, block.bytes);
            return true;
        }
        if (!first[1].is_empty()) forget_at(index + 1, forgotten);
        slot entered = slot::of_long(address, block.callstack);
        if (block.watched) entered.set_watched();
        if (block.bytes > slot::plain_most) {
            if (!set_giant_part(index + 2, block.bytes >> slot::size_bits, forgotten)) return false;
            entered.set_giant();
        }
        first[1] = slot::of_size(block.bytes & slot::plain_most);
        first[0] = entered;
        return true;
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

    // The slot is occupied: by a block, or by the size of one that starts before.
    template <typename Forgotten>
    FIL_RARE void forget_at(std::uint64_t index, Forgotten forgotten) {
        for (std::uint64_t back = 0; back <= 2; ++back) {
            const slot* start = find_slot(index - back);
            if (start == nullptr || !start->is_block()) continue;
            const std::uint64_t slots = !start->is_long() ? 1 : start->is_giant() ? 3 : 2;
            if (slots <= back) continue;  // it does not reach here
            const std::uintptr_t address = address_of(index - back) + start->start();
            forgotten(address, take(address));
            return;
        }
        *find_slot(index) = {};
    }
    // Where the window begins; of tiny blocks, too.
    static std::uintptr_t address_of(std::uint64_t index) {
        return (index & (tiny_part - 1)) * slot::window + ((index & odd_part) != 0 ? 8 : 0);
    }

    std::atomic<middle*> root_[1u << root_bits]{};
};

}  // namespace fil
