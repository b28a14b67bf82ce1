#pragma once
// Shared memory that is mapped several times, in several *views*.
//
// It is counted once, where it was asked for, as long as one of its views lives. Ranges of which
// there is a second view know which `memory` they show (numbers on a line of their own, not
// addresses), and one of them is `counted`. Before that one goes, or becomes inaccessible, its
// count goes to another; one that comes back claims it, if nobody has it. Views may show parts of
// each other, and are cut where these begin and end.
//
// Programs with such views are rare; to all others none of it costs anything. Locks, hot path, and
// what happens when nodes run out: as mapping_set.hpp.

#include <algorithm>

#include "fil/track/mapping_set.hpp"

namespace fil {

template <page_source Pages>
class mapping_views {
  public:
    explicit mapping_views(mapping_set<Pages>& set) : set_(set) {}

    // A second view, at `start`, of what is mapped at `of`, as far as that is known.
    template <typename Changed>
    void make(std::uintptr_t of, std::uintptr_t start, std::size_t bytes, Changed&& changed) {
        set_.cut(of, changed);
        set_.cut(of + bytes, changed);
        for (auto at = set_.from(of); at != set_.end() && at->start < of + bytes; ++at) {
            if (at->accessible_kind != mapping_kind::shared_anonymous) continue;
            mapping* other = set_.node();
            if (other == nullptr) break;
            if (at->memory == 0) at->memory = new_memory(at->bytes);
            *other = {{},
                      start + (at->start - of),
                      at->bytes,
                      nullptr,
                      at->callstack,
                      at->accessible_kind,
                      at->accessible,
                      false,
                      at->memory};
            set_.add(other, changed);
        }
    }

    // What is counted in a range that is about to go, or to become inaccessible, is counted in
    // another view, if there is one outside: rather in one that is accessible. The range is cut
    // out.
    template <typename Changed>
    void hand_over(std::uintptr_t start, std::size_t bytes, Changed&& changed) {
        if (!any()) return;
        const auto find_heir = [&](const mapping& giver) {
            mapping* heir = nullptr;
            if (!giver.counted || giver.memory == 0) return heir;
            for (mapping& other : set_) {
                const bool is_outside = other.end() <= start || other.start >= start + bytes;
                if (!is_outside || other.counted || !shows_same(giver, other)) continue;
                if (heir == nullptr || !heir->accessible) heir = &other;
            }
            return heir;
        };
        for (auto at = set_.from(start); at != set_.end() && at->start < start + bytes;) {
            const std::uintptr_t here = at->start;
            if (mapping* heir = find_heir(*at)) {
                pass_on(*at, *heir, changed);
                set_.cut(start, changed);
                set_.cut(start + bytes, changed);
                at = set_.from(here);
            } else {
                ++at;
            }
        }
    }

    // What came back, or became accessible, is counted here if it is counted nowhere, or where it
    // is not accessible.
    template <typename Changed>
    void claim(std::uintptr_t start, std::size_t bytes, Changed&& changed) {
        if (!any()) return;
        set_.cut(start, changed);  // it may have joined
        set_.cut(start + bytes, changed);
        const auto find_holder = [&](const mapping& heir) {
            mapping* holder = nullptr;
            for (mapping& other : set_) {
                if (other.counted && shows_same(heir, other)) holder = &other;
            }
            return holder;
        };
        for (auto at = set_.from(start); at != set_.end() && at->start < start + bytes;) {
            const std::uintptr_t here = at->start;
            mapping* holder = at->counted ? nullptr : find_holder(*at);
            if (holder != nullptr && !holder->accessible && at->accessible) {
                pass_on(*holder, *at, changed);
                at = set_.from(here);
            } else if (holder != nullptr && cut_apart(*at, *holder, changed)) {
                at = set_.from(here);
            } else {
                if (!at->counted && holder == nullptr) {
                    at->counted = true;
                    set_.tell(*at, +1, changed);
                }
                ++at;
            }
        }
        set_.join(start, start + bytes);
    }

  private:
    // Cuts one where the other begins and ends; false if it shows no more than the other.
    template <typename Changed>
    bool cut_apart(mapping& one, const mapping& other, Changed&& changed) {
        const std::uint64_t first = one.memory, end = first + one.bytes;
        const std::uintptr_t start = one.start;
        const bool sticks_out = other.memory > first || other.memory + other.bytes < end;
        if (other.memory > first) set_.cut(start + (other.memory - first), changed);
        if (other.memory + other.bytes < end)
            set_.cut(start + (other.memory + other.bytes - first), changed);
        return sticks_out;
    }

    // The count of what both show goes from one to the other.
    template <typename Changed>
    void pass_on(mapping& giver, mapping& heir, Changed&& changed) {
        const std::uint64_t from = std::max(giver.memory, heir.memory),
                            to = std::min(giver.memory + giver.bytes, heir.memory + heir.bytes);
        const std::uintptr_t given = giver.start + (from - giver.memory),
                             taken = heir.start + (from - heir.memory);
        for (std::uintptr_t border : {given, given + (to - from), taken, taken + (to - from)}) {
            set_.cut(border, changed);
        }
        const auto one = set_.find(given), other = set_.find(taken);
        if (one == set_.end() || other == set_.end()) return;  // there was no memory for a part
        set_.tell(*one, -1, changed);
        one->counted = false;
        other->counted = true;
        set_.tell(*other, +1, changed);
        set_.join(other->start, other->end());
    }

    bool any() const { return next_memory_ != no_memory + 1; }
    std::uint64_t new_memory(std::size_t bytes) {
        const std::uint64_t first = next_memory_;
        next_memory_ += bytes;
        return first;
    }
    static bool shows_same(const mapping& one, const mapping& other) {
        return one.memory != no_memory && other.memory != no_memory &&
               one.memory < other.memory + other.bytes && other.memory < one.memory + one.bytes;
    }

    static constexpr std::uint64_t no_memory = 0;

    mapping_set<Pages>& set_;
    std::uint64_t next_memory_ = no_memory + 1;
};

}  // namespace fil
