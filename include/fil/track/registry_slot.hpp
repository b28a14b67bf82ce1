#pragma once
// What a slot of the registry says: 4 bytes for 32 bytes of memory, a window.
//
//     1 bit: in which half of the window the block starts | 6 bits of kind | 25 bits of callstack
//
//     kind 1..49    a block of one byte less
//     kind 52..55   a longer block: bit 0 = watched, bit 1 = giant; its low 28 size bits stand in
//                   the slot of the next window, a giant's next 28 in that of the one after
//     all ones but for 28 bits: such a size
//
// A block of more than 48 bytes covers the next window whole, in whichever half it starts, so no
// other block can start there. Empty is 0.

#include <bit>
#include <cstdint>

#include "fil/base/ids.hpp"
#include "fil/base/inlining.hpp"

namespace fil {

class registry_slot {
  public:
    static constexpr std::uintptr_t window = 32, half = 16;
    static constexpr std::uint64_t short_most = 48;
    static constexpr int size_bits = 28;
    static constexpr std::uint64_t plain_most = (1u << size_bits) - 1;  // that is not giant

    std::uint32_t word;

    FIL_HOT static registry_slot of_short(std::uintptr_t address, callstack_id callstack,
                                          std::uint64_t bytes) {
        return make(address, static_cast<std::uint32_t>(bytes) + 1, callstack);
    }
    FIL_HOT static registry_slot of_long(std::uintptr_t address, callstack_id callstack) {
        return make(address, long_kind, callstack);
    }
    // Of no more than `plain_most`.
    FIL_HOT static registry_slot of_size(std::uint64_t bytes) {
        return {size_mark | static_cast<std::uint32_t>(bytes)};
    }

    FIL_HOT bool is_empty() const { return word == 0; }
    bool is_size() const { return word >= size_mark; }
    bool is_block() const { return word != 0 && !is_size(); }
    FIL_HOT std::uint64_t size() const { return word & size_mask; }

    // Of a block.
    FIL_HOT callstack_id callstack() const { return callstack_id{word & callstack_mask}; }
    bool is_long() const { return kind() >= long_kind; }
    bool is_watched() const { return is_long() && (kind() & watched_bit) != 0; }
    bool is_giant() const { return is_long() && (kind() & giant_bit) != 0; }
    std::uint64_t short_bytes() const { return kind() - 1; }
    // From the window's beginning on.
    std::uintptr_t start() const { return (word >> 31) * half; }
    void set_watched() { word |= watched_bit << callstack_bits; }
    void set_giant() { word |= giant_bit << callstack_bits; }

    // Of a block that starts in the same half as `address`: its bytes up to 48, or `plain_long`, or
    // up to `last_block` for other ones; for all else, and emptiness, more.
    static constexpr std::uint32_t plain_long = 51, last_block = 54;
    FIL_HOT std::uint32_t block_at(std::uintptr_t address) const {
        return ((word ^ half_of(address)) >> callstack_bits) - 1;
    }
    FIL_HOT bool is_block_at(std::uintptr_t address) const {
        return block_at(address) <= last_block;
    }

  private:
    static constexpr std::uint32_t callstack_mask = (1u << callstack_bits) - 1;
    static constexpr std::uint32_t long_kind = plain_long + 1, watched_bit = 1, giant_bit = 2;
    static constexpr std::uint32_t size_mask = (1u << size_bits) - 1, size_mark = 15u << size_bits;

    FIL_HOT static std::uint32_t half_of(std::uintptr_t address) {
        // Rotated as where the leaf's number is asked for (registry.hpp): so it is at hand.
        return static_cast<std::uint32_t>(std::rotr(std::uint64_t{address}, 4)) << 31;
    }
    FIL_HOT static registry_slot make(std::uintptr_t address, std::uint32_t kind,
                                      callstack_id callstack) {
        return {half_of(address) | kind << callstack_bits | to_index(callstack)};
    }
    std::uint32_t kind() const { return word >> callstack_bits & 0x3F; }
};
static_assert(sizeof(registry_slot) == 4);

}  // namespace fil
