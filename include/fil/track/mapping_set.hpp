#pragma once
// An ordered set of disjoint address ranges (Boost.Intrusive): where they are cut and joined.
//
// Neighbours that have become equal join again, so a program that maps page by page does not grow
// the set. Every change of accounted bytes goes to the caller's `changed(start, callstack, kind,
// signed bytes)`. When nodes run out, the part of a range that cannot be described is forgotten
// (reported, and counted in dropped()): never fatal.
//
// No lock inside: the owner of the mappings holds its own. Hot path (uncommon part): no malloc, no
// throw.

#include <boost/intrusive/avl_set.hpp>
#include <cstddef>
#include <cstdint>

#include "fil/base/ids.hpp"
#include "fil/base/pages.hpp"
#include "fil/track/mapping.hpp"

namespace fil {

template <page_source Pages>
class mapping_set {
    using ranges =
        boost::intrusive::avl_set<mapping, boost::intrusive::key_of_value<start_of_mapping>>;

  public:
    using iterator = typename ranges::iterator;

    mapping_set() = default;
    mapping_set(const mapping_set&) = delete;
    mapping_set& operator=(const mapping_set&) = delete;

    auto begin() const { return ranges_.begin(); }
    auto end() const { return ranges_.end(); }
    iterator begin() { return ranges_.begin(); }
    iterator end() { return ranges_.end(); }
    iterator find(std::uintptr_t start) { return ranges_.find(start); }
    // The first that starts there or later.
    iterator from(std::uintptr_t start) { return ranges_.lower_bound(start); }
    const mapping* at(std::uintptr_t address) const {
        auto after = ranges_.upper_bound(address);
        if (after == ranges_.begin()) return nullptr;
        const mapping& range = *--after;
        return address < range.end() ? &range : nullptr;
    }
    std::size_t size() const { return ranges_.size(); }
    std::uint64_t dropped() const { return nodes_.refused(); }
    // For who reads it from another process (mapping_reader.hpp).
    const void* head() const { return ranges_.end().pointed_node(); }

    // A node that is in no set; nullptr if there is no memory.
    mapping* node() { return nodes_.get(); }
    void give_back(mapping* node) { nodes_.put(node); }

    template <typename Changed>
    static void tell(const mapping& range, std::int64_t sign, Changed&& changed) {
        if (!range.counted) return;
        changed(range.start, range.callstack, range.kind(),
                sign * static_cast<std::int64_t>(range.bytes));
    }

    template <typename Changed>
    void add(mapping* range, Changed&& changed) {
        tell(*range, +1, changed);
        ranges_.insert(*range);
        join(range->start, range->end());
    }
    // Gives the one after it.
    template <typename Changed>
    iterator remove(iterator at, Changed&& changed) {
        tell(*at, -1, changed);
        return ranges_.erase(at);
    }

    // Sees to it that no range lies across `address`.
    template <typename Changed>
    void cut(std::uintptr_t address, Changed&& changed) {
        auto at = ranges_.lower_bound(address);
        if (at == ranges_.begin()) return;
        mapping& range = *--at;
        if (range.end() <= address) return;
        std::size_t kept = address - range.start;
        if (mapping* tail = nodes_.get()) {
            *tail = range;
            tail->start = address;
            tail->bytes -= kept;
            if (tail->memory != 0) tail->memory += kept;
            ranges_.insert_before(++at, *tail);
        } else if (range.counted) {
            changed(address, range.callstack, range.kind(),
                    -static_cast<std::int64_t>(range.bytes - kept));
        }
        range.bytes = kept;
    }

    // Joins equal neighbours from the one before `start` to the one that begins at `end`.
    void join(std::uintptr_t start, std::uintptr_t end) {
        auto at = ranges_.lower_bound(start);
        if (at != ranges_.begin()) --at;
        while (at != ranges_.end()) {
            auto after = at;
            if (++after == ranges_.end() || after->start > end) return;
            if (at->continued_by(*after)) {
                at->bytes += after->bytes;
                mapping* joined = &*after;
                ranges_.erase(after);
                nodes_.put(joined);
            } else {
                at = after;
            }
        }
    }

    // Forgets everything; nothing is told to anybody.
    void clear() {
        ranges_.clear_and_dispose([this](mapping* range) { nodes_.put(range); });
    }

  private:
    ranges ranges_;
    mapping_pool<Pages> nodes_;
};

}  // namespace fil
