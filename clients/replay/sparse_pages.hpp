#pragma once
// Pages that are resident for the sake of few bytes: which blocks keep them? Of the slots of a
// replay that stands still. What a page lacks to be full is shared by the blocks on it.
//
// Cold: allocates, so nothing is measured afterwards.

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "fil/trace/replay.hpp"

namespace fil::replay_driver {

struct sparse_pages {
    std::uint64_t pages = 0;  // with blocks on them, at least half empty
    std::uint64_t empty = 0;  // bytes of those
    std::vector<std::pair<std::uint32_t, std::uint64_t>> kept;  // by slot: its share of `empty`
};

inline sparse_pages find_sparse_pages(std::span<const trace::replay_slot> slots) {
    constexpr std::uint64_t page = 4096;
    struct part {
        std::uint64_t page;
        std::uint32_t slot, bytes;
    };
    std::vector<part> parts;
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
        if (slots[i].block == nullptr || slots[i].bytes == 0) continue;
        const auto begin = reinterpret_cast<std::uintptr_t>(slots[i].block);
        const std::uint64_t end = begin + slots[i].bytes;
        for (std::uint64_t at = begin; at < end;) {
            const std::uint64_t next = std::min((at / page + 1) * page, end);
            // Whole pages are full.
            if (next - at < page)
                parts.push_back({at / page, i, static_cast<std::uint32_t>(next - at)});
            at = next;
            if (at % page == 0 && end - at >= page) at += (end - at) / page * page;
        }
    }
    std::ranges::sort(parts, {}, &part::page);
    sparse_pages found;
    std::unordered_map<std::uint32_t, std::uint64_t> kept;
    for (std::size_t begin = 0, end = 0; begin < parts.size(); begin = end) {
        std::uint64_t used = 0;
        for (; end < parts.size() && parts[end].page == parts[begin].page; ++end)
            used += parts[end].bytes;
        if (used * 2 > page) continue;
        ++found.pages;
        found.empty += page - used;
        for (std::size_t i = begin; i < end; ++i)
            kept[parts[i].slot] += (page - used) / (end - begin);
    }
    found.kept.assign(kept.begin(), kept.end());
    return found;
}

}  // namespace fil::replay_driver
