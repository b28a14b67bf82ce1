#include "session/sparse_blocks.hpp"

#include <algorithm>

namespace fil {
namespace {

// CPython's since 3.10; of 3.9 four that stand side by side. Those that do are one ground.
constexpr std::uint64_t arena = 1 << 20;

}  // namespace

const report::memory_unit* sparse_blocks_reader::ranges::at(std::uint64_t address) {
    if (!is_sorted_) std::ranges::sort(all_, {}, &report::memory_unit::begin);
    is_sorted_ = true;
    while (next_ < all_.size() && all_[next_].end <= address) ++next_;
    return next_ < all_.size() && all_[next_].begin <= address ? &all_[next_] : nullptr;
}

report::memory_unit sparse_blocks_reader::unit_at(std::uint64_t address) {
    const report::memory_unit* arenas = arenas_.at(address);
    if (arenas == nullptr) return report::page_around(address);
    const std::uint64_t begin = arenas->begin + (address - arenas->begin) / arena * arena;
    return {begin, std::min(begin + arena, arenas->end)};
}

// Before the next unit is asked for.
void sparse_blocks_reader::seen(report::memory_unit unit, std::uint64_t taken,
                                std::span<const callstack_id> whose) {
    const bool is_arena = arenas_.at(unit.begin) != nullptr;
    if (!is_arena && others_.at(unit.begin) != nullptr) return;
    const std::uint64_t bytes = unit.end - unit.begin;
    const bool is_dense = report::bytes_lacking(bytes, taken) == 0;  // and taken for resident
    const std::uint64_t resident = is_dense ? bytes : memory_.resident_bytes(unit.begin, unit.end);
    if (!is_arena) occupied_ += resident;
    if (is_dense) return;
    const std::uint64_t lacking = report::bytes_lacking(resident, taken);
    if (lacking == 0) return;
    for (const callstack_id callstack : whose) {
        sparse_blocks::kept& of = kept_[to_index(callstack)];
        of.callstack = callstack;
        ++of.blocks;
        of.bytes += lacking / whose.size();
    }
}

sparse_blocks sparse_blocks_reader::found() {
    by_unit_.finish();
    sparse_blocks all;
    all.occupied = occupied_;
    for (const auto& [id, kept] : kept_) all.by_callstack.push_back(kept);
    std::ranges::sort(all.by_callstack, {}, &sparse_blocks::kept::callstack);
    return all;
}

}  // namespace fil
