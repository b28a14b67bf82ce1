#pragma once
// Which address ranges are mapped, of what kind, and who asked for them.
//
// Of disjoint ranges (mapping_set.hpp), which munmap, MAP_FIXED, mremap and mprotect cut, replace,
// move and change. Every change of accounted bytes goes to the caller's `changed(start, callstack,
// kind, signed bytes)`, so that the sum of all calls is exactly what is in here.
//
// Called by the recorder, from the mapping hooks. No lock inside: the owner holds its own around
// every call. Hot path (uncommon part): no malloc, no throw.

#include "fil/track/mapping_views.hpp"

namespace fil {

template <page_source Pages>
class mappings {
  public:
    // A range was mapped; it replaces whatever was known there. A reserved range becomes anonymous
    // when it is made accessible.
    template <typename Changed>
    void insert(std::uintptr_t start, std::size_t bytes, mapping_kind kind, callstack_id callstack,
                Changed&& changed) {
        if (start + bytes <= start) return;
        release(take(start, bytes, changed));
        bool accessible = kind != mapping_kind::reserved;
        if (!accessible) kind = mapping_kind::anonymous;
        if (mapping* range = set_.node()) {
            *range = {{}, start, bytes, nullptr, callstack, kind, accessible, true, 0};
            set_.add(range, changed);
        }
    }

    // A second view of a shared mapping (mremap with a length of 0).
    template <typename Changed>
    void view(std::uintptr_t of, std::uintptr_t start, std::size_t bytes, Changed&& changed) {
        if (start + bytes <= start || of + bytes <= of) return;
        release(take(start, bytes, changed));
        views_.make(of, start, bytes, changed);
    }

    // Before munmap, mremap and the like: what is known of the range leaves the set. The chain, in
    // order of address, goes to exactly one of release, put_back and move. Null: nothing was known.
    template <typename Changed>
    [[nodiscard]] mapping* take(std::uintptr_t start, std::size_t bytes, Changed&& changed) {
        if (start + bytes <= start) return nullptr;  // empty, or the kernel will refuse it
        set_.cut(start, changed);
        set_.cut(start + bytes, changed);
        views_.hand_over(start, bytes, changed);
        mapping* first = nullptr;
        mapping** last = &first;
        for (auto at = set_.from(start); at != set_.end() && at->start < start + bytes;) {
            mapping* range = &*at;
            at = set_.remove(at, changed);
            *last = range;
            range->next = nullptr;
            last = &range->next;
        }
        return first;
    }

    // The real call worked: the pieces are gone.
    void release(mapping* pieces) {
        while (pieces != nullptr) {
            mapping* next = pieces->next;
            set_.give_back(pieces);
            pieces = next;
        }
    }

    // The real call failed: the pieces are where they were. (Should another thread have mapped over
    // them meanwhile, its ranges give way: such a program has no right answer.)
    template <typename Changed>
    void put_back(mapping* pieces, Changed&& changed) {
        if (pieces == nullptr) return;
        const std::uintptr_t start = pieces->start;
        std::uintptr_t end = start;
        while (pieces != nullptr) {
            mapping* next = pieces->next;
            end = pieces->end();
            release(take(pieces->start, pieces->bytes, changed));
            set_.add(pieces, changed);
            pieces = next;
        }
        views_.claim(start, end - start, changed);
    }

    // mremap moved the pieces (or changed their size in place). Each byte stays with the callstack
    // that asked for it, so what is new at the end belongs to `grower`; what no longer fits is
    // gone. Where nothing was known of the old range, nothing is known of the new one.
    template <typename Changed>
    void move(mapping* pieces, std::uintptr_t old_start, std::uintptr_t new_start,
              std::size_t new_bytes, callstack_id grower, Changed&& changed) {
        release(take(new_start, new_bytes, changed));
        std::size_t filled = new_bytes;  // up to the end of the last piece
        mapping_kind kind = mapping_kind::anonymous;
        while (pieces != nullptr) {
            mapping* next = pieces->next;
            std::size_t offset = pieces->start - old_start;
            if (offset >= new_bytes) {
                set_.give_back(pieces);
            } else {
                if (pieces->bytes > new_bytes - offset) pieces->bytes = new_bytes - offset;
                pieces->start = new_start + offset;
                filled = offset + pieces->bytes;
                kind = pieces->kind();
                set_.add(pieces, changed);
            }
            pieces = next;
        }
        views_.claim(new_start, new_bytes, changed);
        insert(new_start + filled, new_bytes - filled, kind, grower, changed);
    }

    // mprotect worked. Inaccessible memory counts as reserved, also when it was in use before: that
    // is how allocators hand memory back. (Pages that are hidden but kept are rare, and stay
    // resident without being counted.)
    template <typename Changed>
    void protect(std::uintptr_t start, std::size_t bytes, mapping_access access,
                 Changed&& changed) {
        const bool accessible = access != mapping_access::none;
        if (start + bytes <= start) return;
        set_.cut(start, changed);
        set_.cut(start + bytes, changed);
        if (!accessible) views_.hand_over(start, bytes, changed);
        for (auto at = set_.from(start); at != set_.end() && at->start < start + bytes; ++at) {
            if (at->accessible == accessible) continue;
            set_.tell(*at, -1, changed);
            at->accessible = accessible;
            if (access == mapping_access::arena) at->accessible_kind = mapping_kind::arena;
            if (access == mapping_access::pool) at->accessible_kind = mapping_kind::pool;
            set_.tell(*at, +1, changed);
        }
        set_.join(start, start + bytes);
        if (accessible) views_.claim(start, bytes, changed);
    }

    // The range that `address` lies in; nullptr where nothing is known.
    const mapping* at(std::uintptr_t address) const { return set_.at(address); }

    // Around a block of a pool: what was used memory is the pool's from now on, since its blocks
    // count. Gives the range, or that between its neighbours where nothing is known.
    template <typename Changed>
    address_range become_reserve(std::uintptr_t address, Changed&& changed) {
        auto at = set_.from(address + 1);
        const std::uintptr_t next = at == set_.end() ? UINTPTR_MAX : at->start;
        if (at == set_.begin()) return {0, next};
        mapping& range = *--at;
        if (range.end() <= address) return {range.end(), next};
        const address_range around{range.start, range.end()};
        // With a second view, either may be the one that counts.
        const bool is_shown = is_in_peak(range.kind()) || range.is_of_arena();
        if (!is_shown || range.memory != 0) return around;
        set_.tell(range, -1, changed);
        range.accessible_kind = mapping_kind::pool;
        set_.tell(range, +1, changed);
        set_.join(around.start, around.end);
        return around;
    }

    // Forgets everything; nothing is told to anybody.
    void clear() { set_.clear(); }

    // Calls visit(const mapping&) for each range of at least `minimum` bytes, in order of address.
    template <typename Visit>
    void for_each(std::size_t minimum, Visit&& visit) const {
        for (const mapping& range : set_) {
            if (range.bytes >= minimum) visit(range);
        }
    }

    std::size_t size() const { return set_.size(); }
    std::uint64_t dropped() const { return set_.dropped(); }
    const void* head() const { return set_.head(); }

  private:
    mapping_set<Pages> set_;
    mapping_views<Pages> views_{set_};
};

}  // namespace fil
