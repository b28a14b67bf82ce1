#pragma once
// The registry: address of a live block -> (callstack, size). Private to the process.
//
// A three-level page map indexed by the address itself, one 4-byte slot per 16-byte granule:
//
//     bit 3 | address bits 46..35 | bits 34..22   | bits 21..4
//           root                  | middle        | leaf: 1 MiB of slots for 4 MiB of addresses
//
// Bit 3 doubles the root, so blocks at 8 modulo 16 (some allocators have them) have a map of their
// own. A slot is 5 bits of code and 27 bits of callstack:
//
//     code 0..16    a block of that many bytes
//     code 20..23   a longer block: bit 0 = watched, bit 1 = giant; its low 27 size bits stand in
//                   the slot of its second granule, a giant's next 27 in that of its third
//     code 30       such a size, not a block
//
// A block longer than 16 bytes covers its second granule, so no other block can start there. It is
// lock-free without any atomic exchange: only the owner of a block touches its slots, between the
// real allocation and the real free. Unknown addresses read 0 and are ignored. A block whose free
// nobody saw is found when another is put over it.
//
// Hot path: no allocation, no throw. First touch of 4 MiB of addresses maps a leaf (a system call).

#include <atomic>

#include "fil/base/ids.hpp"
#include "fil/base/pages.hpp"

namespace fil {

struct registered_block {
    callstack_id callstack = callstack_id::none;  // none: there is no block
    std::uint64_t bytes = 0;
    bool watched = false;
};

template <page_source LeafPages = system_pages_wiped_on_fork, page_source Pages = system_pages>
class registry {
  public:
    // Puts a block in. What stood in its place is taken out and given to `forgotten(block)`.
    // False if there is no memory for it, or the address is none of a user's.
    template <typename Forgotten>
    bool insert(std::uintptr_t address, callstack_id callstack, std::uint64_t bytes,
                bool watched, Forgotten&& forgotten) {
        slot* first = make_slot(address);
        if (first == nullptr) [[unlikely]] return false;
        if (*first != 0) [[unlikely]] forget_at(address, forgotten);
        const std::uint32_t id = to_index(callstack);
        if (bytes <= granule) {
            *first = make(static_cast<std::uint32_t>(bytes), id);
            return true;
        }
        slot* second = make_slot(address + granule);
        if (second == nullptr) [[unlikely]] return false;
        if (*second != 0) [[unlikely]] forget_at(address + granule, forgotten);
        const bool giant = bytes >> part_bits != 0;
        if (giant) [[unlikely]] {
            slot* third = make_slot(address + 2 * granule);
            if (third == nullptr) return false;
            if (*third != 0) forget_at(address + 2 * granule, forgotten);
            *third = make(code_size, static_cast<std::uint32_t>(bytes >> part_bits) & part_mask);
        }
        *second = make(code_size, static_cast<std::uint32_t>(bytes) & part_mask);
        *first = make(code_long | (watched ? 1u : 0u) | (giant ? 2u : 0u), id);
        return true;
    }

    registered_block take(std::uintptr_t address) {
        slot* first = find_slot(address);
        if (first == nullptr) return {};
        const std::uint32_t value = *first;
        const std::uint32_t code = value >> part_bits;
        if (value == 0 || code == code_size) return {};
        *first = 0;
        registered_block block{callstack_id{value & part_mask}, code, false};
        if (code < code_long) return block;
        slot* second = find_slot(address + granule);
        block.bytes = *second & part_mask;
        *second = 0;
        block.watched = (code & 1) != 0;
        if ((code & 2) != 0) [[unlikely]] {
            slot* third = find_slot(address + 2 * granule);
            block.bytes |= std::uint64_t{*third & part_mask} << part_bits;
            *third = 0;
        }
        return block;
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

    // Takes out every block that starts in the range.
    template <typename Forgotten>
    void take_range(std::uintptr_t address, std::uint64_t bytes, Forgotten&& forgotten) {
        for (std::uintptr_t at = address; at < address + bytes; at += granule) {
            for (std::uintptr_t start : {at, at + 8}) {
                registered_block block = take(start);
                if (block.callstack != callstack_id::none) forgotten(block);
            }
        }
    }

  private:
    using slot = std::uint32_t;
    static constexpr std::uint64_t granule = 16;
    static constexpr std::uint32_t part_bits = callstack_bits;
    static constexpr std::uint32_t part_mask = (1u << part_bits) - 1;
    static constexpr std::uint32_t code_long = 20;
    static constexpr std::uint32_t code_size = 30;

    static constexpr int leaf_bits = 18, middle_bits = 13, root_bits = 13;
    struct leaf {
        slot slots[1u << leaf_bits];
    };
    struct middle {
        std::atomic<leaf*> leaves[1u << middle_bits];
    };

    static std::uint32_t make(std::uint32_t code, std::uint32_t rest) {
        return code << part_bits | rest;
    }

    // The address as an index of granules; bit 3 becomes the topmost bit.
    static std::uint64_t index_of(std::uintptr_t address) {
        return (address >> 4) | (std::uint64_t{(address >> 3) & 1} << (leaf_bits + middle_bits + root_bits - 1));
    }
    static bool is_users(std::uintptr_t address) {
        return (address >> 47) == 0 && (address & 7) == 0;
    }

    slot* find_slot(std::uintptr_t address) const {
        if (!is_users(address)) [[unlikely]] return nullptr;
        const std::uint64_t index = index_of(address);
        middle* m = root_[index >> (leaf_bits + middle_bits)].load(std::memory_order_acquire);
        if (m == nullptr) return nullptr;
        leaf* l = m->leaves[(index >> leaf_bits) & ((1u << middle_bits) - 1)].load(
            std::memory_order_acquire);
        return l == nullptr ? nullptr : &l->slots[index & ((1u << leaf_bits) - 1)];
    }

    slot* make_slot(std::uintptr_t address) {
        if (slot* found = find_slot(address); found != nullptr) [[likely]] return found;
        if (!is_users(address)) return nullptr;
        const std::uint64_t index = index_of(address);
        middle* m = make_level<middle, Pages>(root_[index >> (leaf_bits + middle_bits)]);
        if (m == nullptr) return nullptr;
        auto& entry = m->leaves[(index >> leaf_bits) & ((1u << middle_bits) - 1)];
        if (make_level<leaf, LeafPages>(entry) == nullptr) return nullptr;
        return find_slot(address);
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
    void forget_at(std::uintptr_t address, Forgotten&& forgotten) {
        for (std::uint64_t back = 0; back <= 2 * granule; back += granule) {
            registered_block block = take(address - back);
            if (block.callstack != callstack_id::none) {
                forgotten(block);
                return;
            }
        }
        *find_slot(address) = 0;
    }

    std::atomic<middle*> root_[1u << root_bits]{};
};

}  // namespace fil
