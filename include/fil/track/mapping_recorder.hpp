#pragma once
// The recorder's part for mappings: what comes, goes, moves and is protected changes the counters
// of its kind, and live where the kind is in the peak.
//
//     change -> track/mappings.hpp tells each part -> live before it decreases -> usage -> live
//            -> observer -> the list of large mappings
//
// Every function takes the calling thread's own state and is called with its re-entry guard raised.
// Hot path (uncommon part): no allocation, no throw; the mappings' lock is held for a moment.

#include "fil/base/spin_lock.hpp"
#include "fil/recording/view.hpp"
#include "fil/track/event_observer.hpp"
#include "fil/track/large_mappings.hpp"
#include "fil/track/mappings.hpp"
#include "fil/track/peak.hpp"
#include "fil/track/thread_leases.hpp"
#include "fil/track/usage.hpp"

namespace fil {

// Addresses that are known not to be counted as mapped, as long as no mapping changes.
struct uncounted_range {
    address_range range;
    std::uint64_t changes;  // 0: nothing is known
};

template <peak_words Words, system_below System, event_observer Observer = null_observer>
class mapping_recorder {
  public:
    mapping_recorder(recording_memory& memory, const peak_tracker<Words>& peak, Observer& observer)
        : memory_(memory), peak_(peak), observer_(observer), large_(memory) {}

    // What must exist before the first event. False if there is no room.
    bool prepare(thread_leases<System>& leases) {
        for (int kind = 1; kind < counted_kinds; ++kind) {
            kind_sets_[kind] = leases.make_set(static_cast<mapping_kind>(kind));
            if (kind_sets_[kind] == nullptr) return false;
        }
        return true;
    }

    void map(thread_state& thread, std::uintptr_t start, std::uint64_t bytes, mapping_kind kind,
             callstack_id callstack) {
        change(thread, [&](auto&& changed) {
            mappings_.insert(start, bytes, kind, callstack, changed);
            if (usage_record* usage = usage_of(memory_, set_of(thread, kind), callstack)) {
                count_allocation(*usage);
            }
        });
    }

    // A second view of memory that is mapped at `of`, and stays there. It is counted as long as one
    // of them lives, where it was. Of named memory, and of what nobody knows (then of `kind`), as a
    // mapping more.
    void view(thread_state& thread, std::uintptr_t of, std::uintptr_t start, std::uint64_t bytes,
              mapping_kind kind, callstack_id callstack) {
        bool is_counted_once = false;
        {
            const locked_uninterrupted<System> hold(lock_);
            if (const mapping* known = mappings_.at(of)) {
                kind = known->kind();
                is_counted_once = known->accessible_kind == mapping_kind::shared_anonymous;
            }
        }
        if (!is_counted_once) return map(thread, start, bytes, kind, callstack);
        change(thread, [&](auto&& changed) { mappings_.view(of, start, bytes, changed); });
    }

    mapping* forget(thread_state& thread, std::uintptr_t start, std::uint64_t bytes) {
        if (bytes >= large_mapping_bytes / 4) note_arenas();
        mapping* pieces = nullptr;
        change(thread, [&](auto&& changed) { pieces = mappings_.take(start, bytes, changed); });
        return pieces;
    }
    void discard(mapping* pieces) {
        const locked_uninterrupted<System> hold(lock_);
        mappings_.release(pieces);
    }
    void restore(thread_state& thread, mapping* pieces) {
        change(thread, [&](auto&& changed) { mappings_.put_back(pieces, changed); });
    }
    void move(thread_state& thread, mapping* pieces, std::uintptr_t old_start,
              std::uintptr_t new_start, std::uint64_t bytes, callstack_id grower) {
        change(thread, [&](auto&& changed) {
            mappings_.move(pieces, old_start, new_start, bytes, grower, changed);
        });
    }
    void protect(thread_state& thread, std::uintptr_t start, std::uint64_t bytes,
                 mapping_access access) {
        change(
            thread, [&](auto&& changed) { mappings_.protect(start, bytes, access, changed); },
            [&](std::uintptr_t part, std::uint64_t size, mapping_kind kind) {
                return large_.concerns_access(part, size, kind);
            });
    }

    // Around a block of a pool: what was counted becomes the pool's reserve. That is taken back, so
    // no peak ends; nothing goes.
    FIL_RARE uncounted_range become_reserve(thread_state& thread, std::uintptr_t address) {
        uncounted_range found{};
        change(
            thread,
            [&](auto&& changed) {
                found.range = mappings_.become_reserve(address, changed);
                found.changes = changes();
            },
            [&](std::uintptr_t part, std::uint64_t size, mapping_kind kind) {
                return large_.concerns(part, size, kind);
            },
            [] {});
        return found;
    }
    // Where their set begins, for who reads it from another process (mapping_reader.hpp).
    const void* head() const { return mappings_.head(); }
    // How often mappings have changed.
    std::uint64_t changes() const { return changes_.load(std::memory_order_relaxed); }

    void note_arenas() {
        if (memory_.header().large_mappings.load(std::memory_order_relaxed) == 0) return;
        if constexpr (tells_residence<System>) large_.note_arenas(peak_.live() + pending());
    }

    void forget_everything() {
        const locked_uninterrupted<System> hold(lock_);
        mappings_.clear();
        count_change();
        large_.list(mappings_);
    }

  private:
    std::int64_t pending() const {
        return recording_view(memory_.base(), memory_.bytes()).pending();
    }

    usage_set_record& set_of(thread_state& thread, mapping_kind kind) {
        if (kind == mapping_kind::anonymous) return *thread.set;
        if (kind == mapping_kind::arena || kind == mapping_kind::pool)
            kind = mapping_kind::reserved;
        return *kind_sets_[static_cast<int>(kind)];
    }

    // A peak ends where something shrinks, also what stands beside it: its counter is about to save
    // what it was "at the peak", and that must be the one which stands now. Mappings are rare, so
    // what other threads have not published is asked for, where it could decide.
    void before_one_goes(thread_state& thread) {
        peak_.before_decrease(thread.set->pending);
        const std::int64_t live = peak_.live();
        const std::int64_t threads = peak_.words().threads().load(std::memory_order_relaxed);
        if (live + threads * limit_of_pending(1, 0) > peak_.peak()) {
            peak_.raise_peak_to(live + pending());
        }
    }

    template <typename Change>
    void change(thread_state& thread, Change&& how) {
        change(thread, how, [&](std::uintptr_t part, std::uint64_t size, mapping_kind kind) {
            return large_.concerns(part, size, kind);
        });
    }
    template <typename Change, typename IsLarge>
    void change(thread_state& thread, Change&& how, IsLarge&& is_large) {
        change(thread, how, is_large, [&] { before_one_goes(thread); });
    }
    template <typename Change, typename IsLarge, typename Before>
    void change(thread_state& thread, Change&& how, IsLarge&& is_large, Before&& before) {
        const locked_uninterrupted<System> hold(lock_);
        const std::uint64_t dropped = mappings_.dropped();
        bool large = false;
        how([&](std::uintptr_t start, callstack_id callstack, mapping_kind kind,
                std::int64_t bytes) {
            const auto size = static_cast<std::uint64_t>(bytes < 0 ? -bytes : bytes);
            const memory_extent extent{start, size, callstack};
            large |= is_large(start, size, kind);
            count_change();
            if (bytes < 0) before();
            change_usage(usage_for(memory_, set_of(thread, kind), callstack), peak_.peak(), bytes);
            if (is_in_peak(kind)) peak_.change(thread.set->pending, bytes);
            if (bytes < 0) {
                observer_.mapping_went(thread, extent, kind);
            } else {
                observer_.mapping_came(thread, extent, kind);
            }
        });
        if (large) [[unlikely]]
            large_.list_in_time(mappings_);
        if (mappings_.dropped() != dropped) [[unlikely]]
            memory_.header().dropped_events.fetch_add(1, std::memory_order_relaxed);
    }

    // Under the lock.
    void count_change() { changes_.store(changes() + 1, std::memory_order_relaxed); }

    recording_memory& memory_;
    const peak_tracker<Words>& peak_;
    Observer& observer_;
    mappings<System> mappings_;
    large_mappings<System> large_;
    usage_set_record* kind_sets_[counted_kinds] = {};
    spin_lock lock_;
    std::atomic<std::uint64_t> changes_{1};
};

}  // namespace fil
