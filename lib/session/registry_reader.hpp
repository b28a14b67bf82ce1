#pragma once
// The blocks of another process, read out of its memory while it goes on (registry.hpp has the
// layout). A block that comes or goes meanwhile is seen or not; nothing is waited for.
//
// `Memory` reads that process: `read(address, to, bytes)` copies all of it or says false;
// `parts(address, bytes, visit)` calls visit(offset, data, bytes) with the parts of a range that
// are in memory. A leaf is a MiB, of which most has never been touched.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "fil/track/registry.hpp"

namespace fil {

template <typename Registry>
class registry_reader;

template <page_source Pages, page_source LeafPages, int address_bits>
class registry_reader<registry<Pages, LeafPages, address_bits>> {
    using blocks = registry<Pages, LeafPages, address_bits>;
    using leaf = typename blocks::leaf;
    using middle = typename blocks::middle;
    using slot = typename blocks::slot;

  public:
    // Calls visit(address, bytes, callstack) for each block: in order of address, but for those at
    // 8 modulo 16, which come after the others. `root`: where the registry is.
    template <typename Memory, typename Visit>
    static void each_block(std::uint64_t root, Memory& memory, Visit&& visit) {
        const std::vector<place> leaves = leaves_of(root, memory);
        for (const place& one : leaves) {
            if ((one.number & tiny_leaves) != 0) continue;
            const std::vector<block> tiny = tiny_blocks(one, leaves, memory);
            auto next = tiny.begin();
            each_in(one, memory, [&](const block& at) {
                for (; next != tiny.end() && next->address < at.address; ++next)
                    visit(next->address, next->bytes, next->callstack);
                visit(at.address, at.bytes, at.callstack);
            });
            for (; next != tiny.end(); ++next) visit(next->address, next->bytes, next->callstack);
        }
    }

  private:
    struct place {
        std::uint64_t number, address;
    };
    struct block {
        std::uint64_t address, bytes;
        callstack_id callstack;
    };
    static constexpr std::uint64_t tiny_leaves = blocks::tiny_part >> blocks::leaf_bits;

    template <typename Memory>
    static std::vector<place> leaves_of(std::uint64_t root, Memory& memory) {
        std::vector<place> leaves;
        constexpr std::size_t roots = std::size_t{1} << blocks::root_bits,
                              entries = std::size_t{1} << blocks::middle_bits;
        std::vector<std::uint64_t> middles(roots), here(entries);
        static_assert(sizeof(blocks) == roots * sizeof(std::uint64_t));
        static_assert(sizeof(middle) == entries * sizeof(std::uint64_t));
        if (!memory.read(root, middles.data(), sizeof(blocks))) return leaves;
        for (std::uint64_t m = 0; m < roots; ++m) {
            if (middles[m] == 0 || !memory.read(middles[m], here.data(), sizeof(middle))) continue;
            for (std::uint64_t l = 0; l < entries; ++l)
                if (here[l] != 0) leaves.push_back({m << blocks::middle_bits | l, here[l]});
        }
        return leaves;
    }

    template <typename Memory>
    static std::vector<block> tiny_blocks(const place& beside, const std::vector<place>& leaves,
                                          Memory& memory) {
        std::vector<block> all;
        const auto number = [](const place& one) { return one.number; };
        const auto one = std::ranges::find(leaves, beside.number | tiny_leaves, number);
        if (one != leaves.end()) each_in(*one, memory, [&](const block& at) { all.push_back(at); });
        return all;
    }

    template <typename Memory, typename Visit>
    static void each_in(const place& in, Memory& memory, Visit&& visit) {
        constexpr std::size_t bytes = sizeof(leaf::slots);
        memory.parts(in.address, bytes, [&](std::uint64_t from, const void* data, std::size_t n) {
            const auto* slots = static_cast<const slot*>(data);
            each_of(in, from / sizeof(slot), slots, n / sizeof(slot), memory, visit);
        });
    }

    template <typename Memory, typename Visit>
    static void each_of(const place& in, std::uint64_t first, const slot* slots, std::size_t count,
                        Memory& memory, Visit& visit) {
        const auto at = [&](std::size_t i) -> slot {
            if (i < count) return slots[i];
            slot beyond{};  // in the next page
            memory.read(in.address + (first + i) * sizeof(slot), &beyond, sizeof beyond);
            return beyond;
        };
        for (std::size_t i = 0; i < count; ++i) {
            const slot one = slots[i];
            if (!one.is_block()) continue;
            std::uint64_t bytes = one.short_bytes();
            if (one.is_long()) {
                bytes = at(i + 1).size();
                if (one.is_giant()) bytes |= at(i + 2).size() << slot::size_bits;
            }
            const std::uint64_t index = (in.number << blocks::leaf_bits) + first + i;
            visit(block{blocks::address_of(index) + one.start(), bytes, one.callstack()});
        }
    }
};

}  // namespace fil
