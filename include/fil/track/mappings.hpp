#pragma once
// Which address ranges are mapped, of what kind, and who asked for them.
//
// An ordered set of disjoint ranges (Boost.Intrusive). munmap, MAP_FIXED, mremap and mprotect cut,
// replace, move and change them; neighbours that have become equal join again, so a program that
// maps page by page does not grow the set. Every change of accounted bytes goes to the caller's
// `changed(start, callstack, kind, signed bytes)`, so that the sum of all calls is exactly what
// is in here.
//
// Called by the recorder, from the mapping hooks. No lock inside: the owner holds its own around
// every call. Hot path (uncommon part): no malloc, no throw. When nodes run out, the part of a
// range that cannot be described is forgotten (reported, and counted in dropped()): never fatal.

#include <boost/intrusive/avl_set.hpp>
#include <cstddef>
#include <cstdint>

#include "fil/base/ids.hpp"
#include "fil/base/pages.hpp"
#include "fil/track/mapping.hpp"

namespace fil {

template <page_source Pages>
class mappings {
  public:
    mappings() = default;
    mappings(const mappings&) = delete;
    mappings& operator=(const mappings&) = delete;

    // A range was mapped; it replaces whatever was known there. A reserved range becomes anonymous
    // when it is made accessible.
    template <typename Changed>
    void insert(std::uintptr_t start, std::size_t bytes, mapping_kind kind, callstack_id callstack,
                Changed&& changed) {
        if (start + bytes <= start) return;
        release(take(start, bytes, changed));
        bool accessible = kind != mapping_kind::reserved;
        if (!accessible) kind = mapping_kind::anonymous;
        if (mapping* range = pool_.get()) {
            range->start = start;
            range->bytes = bytes;
            range->callstack = callstack;
            range->accessible_kind = kind;
            range->accessible = accessible;
            add(range, changed);
        }
    }

    // Before munmap, mremap and the like: what is known of the range leaves the set. The chain, in
    // order of address, goes to exactly one of release, put_back and move. Null: nothing was known.
    template <typename Changed>
    [[nodiscard]] mapping* take(std::uintptr_t start, std::size_t bytes, Changed&& changed) {
        if (start + bytes <= start) return nullptr;  // empty, or the kernel will refuse it
        cut(start, changed);
        cut(start + bytes, changed);
        mapping* first = nullptr;
        mapping** last = &first;
        for (auto at = set_.lower_bound(start); at != set_.end() && at->start < start + bytes;) {
            mapping* range = &*at;
            at = set_.erase(at);
            changed(range->start, range->callstack, range->kind(), -signed_bytes(*range));
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
            pool_.put(pieces);
            pieces = next;
        }
    }

    // The real call failed: the pieces are where they were. (Should another thread have mapped over
    // them meanwhile, its ranges give way: such a program has no right answer.)
    template <typename Changed>
    void put_back(mapping* pieces, Changed&& changed) {
        while (pieces != nullptr) {
            mapping* next = pieces->next;
            release(take(pieces->start, pieces->bytes, changed));
            add(pieces, changed);
            pieces = next;
        }
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
                pool_.put(pieces);
            } else {
                if (pieces->bytes > new_bytes - offset) pieces->bytes = new_bytes - offset;
                pieces->start = new_start + offset;
                filled = offset + pieces->bytes;
                kind = pieces->kind();
                add(pieces, changed);
            }
            pieces = next;
        }
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
        cut(start, changed);
        cut(start + bytes, changed);
        for (auto at = set_.lower_bound(start); at != set_.end() && at->start < start + bytes;
             ++at) {
            if (at->accessible == accessible) continue;
            changed(at->start, at->callstack, at->kind(), -signed_bytes(*at));
            at->accessible = accessible;
            if (access == mapping_access::arena) at->accessible_kind = mapping_kind::arena;
            changed(at->start, at->callstack, at->kind(), signed_bytes(*at));
        }
        join(start, start + bytes);
    }

    // Of the range that `address` lies in; reserved where nothing is known.
    mapping_kind kind_at(std::uintptr_t address) const {
        auto after = set_.upper_bound(address);
        if (after == set_.begin()) return mapping_kind::reserved;
        const mapping& range = *--after;
        return address < range.end() ? range.kind() : mapping_kind::reserved;
    }

    // Forgets everything; nothing is told to anybody.
    void clear() {
        set_.clear_and_dispose([this](mapping* range) { pool_.put(range); });
    }

    // Calls visit(const mapping&) for each range of at least `minimum` bytes, in order of address.
    template <typename Visit>
    void for_each(std::size_t minimum, Visit&& visit) const {
        for (const mapping& range : set_) {
            if (range.bytes >= minimum) visit(range);
        }
    }

    std::size_t size() const { return set_.size(); }
    std::uint64_t dropped() const { return pool_.refused(); }

  private:
    using set =
        boost::intrusive::avl_set<mapping, boost::intrusive::key_of_value<start_of_mapping>>;

    static std::int64_t signed_bytes(const mapping& range) {
        return static_cast<std::int64_t>(range.bytes);
    }

    // Sees to it that no range lies across `address`.
    template <typename Changed>
    void cut(std::uintptr_t address, Changed&& changed) {
        auto at = set_.lower_bound(address);
        if (at == set_.begin()) return;
        mapping& range = *--at;
        if (range.end() <= address) return;
        std::size_t kept = address - range.start;
        if (mapping* tail = pool_.get()) {
            tail->start = address;
            tail->bytes = range.bytes - kept;
            tail->callstack = range.callstack;
            tail->accessible_kind = range.accessible_kind;
            tail->accessible = range.accessible;
            set_.insert_before(++at, *tail);
        } else {
            changed(address, range.callstack, range.kind(),
                    -static_cast<std::int64_t>(range.bytes - kept));
        }
        range.bytes = kept;
    }

    template <typename Changed>
    void add(mapping* range, Changed&& changed) {
        changed(range->start, range->callstack, range->kind(), signed_bytes(*range));
        set_.insert(*range);
        join(range->start, range->end());
    }

    // Joins equal neighbours from the one before `start` to the one that begins at `end`.
    void join(std::uintptr_t start, std::uintptr_t end) {
        auto at = set_.lower_bound(start);
        if (at != set_.begin()) --at;
        while (at != set_.end()) {
            auto after = at;
            if (++after == set_.end() || after->start > end) return;
            if (at->continued_by(*after)) {
                at->bytes += after->bytes;
                mapping* joined = &*after;
                set_.erase(after);
                pool_.put(joined);
            } else {
                at = after;
            }
        }
    }

    set set_;
    mapping_pool<Pages> pool_;
};

}  // namespace fil
