#pragma once
// Which blocks keep sparse pages (fil/report/sparse_memory.hpp)? Of the slots of a replay that
// stands still.
//
// Cold: allocates, so nothing is measured afterwards.

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "fil/report/sparse_memory.hpp"
#include "fil/trace/replay.hpp"

namespace fil::replay_driver {

struct sparse_pages {
    std::uint64_t pages = 0;
    std::uint64_t empty = 0;                                // bytes that those lack
    std::unordered_map<std::uint32_t, std::uint64_t> kept;  // by slot: its share of `empty`

    static report::memory_unit unit_at(std::uint64_t address) {
        return report::page_around(address);
    }
    void seen(report::memory_unit page, std::uint64_t taken, std::span<const std::uint32_t> whose) {
        const std::uint64_t lacking = report::bytes_lacking(page.end - page.begin, taken);
        if (lacking == 0) return;
        ++pages;
        empty += lacking;
        for (const std::uint32_t slot : whose) kept[slot] += lacking / whose.size();
    }
};

inline sparse_pages find_sparse_pages(std::span<const trace::replay_slot> slots) {
    const auto address_of = [&](std::uint32_t i) {
        return reinterpret_cast<std::uintptr_t>(slots[i].block);
    };
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < slots.size(); ++i)
        if (slots[i].block != nullptr && slots[i].bytes != 0) order.push_back(i);
    std::ranges::sort(order, {}, address_of);
    sparse_pages found;
    report::blocks_by_unit<std::uint32_t, sparse_pages> by_page(found);
    for (const std::uint32_t i : order) by_page.add(address_of(i), slots[i].bytes, i);
    by_page.finish();
    return found;
}

}  // namespace fil::replay_driver
