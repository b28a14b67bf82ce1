#pragma once
// The large mappings of a process, listed for who measures how much of them is in memory; and what
// the process itself sees of its arenas when they are about to go.
//
// Listed is anonymous memory of 64 MiB and more, and every arena as a whole: an allocator may cut
// it by mprotect into thousands of parts and hide some of them, but it stays the one range from
// which memory is taken. So only what really changes a range changes the list. What replaces a part
// of an arena has a place of its own, and leaves two ranges.
//
// Written under the mappings' lock. Hot path (uncommon part): no allocation, no throw.

#include "fil/base/system.hpp"
#include "fil/recording/large_mapping_list.hpp"
#include "fil/recording/memory.hpp"
#include "fil/track/mappings.hpp"

namespace fil {

template <system_below System>
class large_mappings {
  public:
    explicit large_mappings(recording_memory& memory) : memory_(memory) {}

    // Whether the list may change with a part of a mapping that comes or goes.
    bool concerns(std::uintptr_t start, std::uint64_t bytes, mapping_kind kind) const {
        return bytes >= large_mapping_bytes || kind == mapping_kind::arena ||
               overlaps(start, bytes);
    }
    // An arena's part that becomes accessible, or no longer is, remains the arena's.
    bool concerns_access(std::uintptr_t start, std::uint64_t bytes, mapping_kind kind) const {
        if (kind == mapping_kind::anonymous) return concerns(start, bytes, kind);
        return kind == mapping_kind::arena && !lies_in_arena(start, bytes);
    }

    // At once, but where a program has many thousands of mappings: after so many changes that each
    // costs no more than a few dozen of them.
    void list_in_time(const mappings<System>& all) {
        constexpr std::size_t many = 1024, mappings_a_change = 64;
        if (all.size() > many && ++changes_ * mappings_a_change < all.size()) return;
        list(all);
    }

    // Where there is no room for all, for the largest of them.
    void list(const mappings<System>& all) {
        changes_ = 0;
        large_mapping_writer writer(header(), records());
        for (std::uint64_t least = 1; !add_all(all, least, writer); least *= 4) {
            writer.start_again();
            header().large_mappings_left_out.store(1, relaxed);
        }
    }

    // What is resident in arenas now, if this is a moment that a report would show; `live` with
    // what threads have not published. No lock: what goes meanwhile is not resident.
    void note_arenas(std::int64_t live) requires tells_residence<System> {
        constexpr std::uint64_t largest_measured = 256ull << 30;  // some 50 ms
        resident_arena seen[max_arenas];
        std::uint32_t count = 0;
        const bool is_read = read_large_mappings(
            view(), [&] { count = 0; },
            [&](const large_mapping& one) {
                if (one.kind != mapping_kind::arena || one.bytes > largest_measured) return;
                std::uint32_t at = 0;
                while (at < count && seen[at].callstack != one.callstack) ++at;
                if (at == count) {
                    const arena_record* noted = place_of(one.callstack);
                    const bool is_wanted = noted != nullptr && is_near_peak(live, noted->live_then);
                    if (!is_wanted || count == max_arenas) return;
                    seen[count++] = {one.callstack, 0};
                }
                seen[at].resident +=
                    static_cast<std::int64_t>(System::resident_bytes(one.address, one.bytes));
            });
        if (!is_read) return;
        for (std::uint32_t i = 0; i < count; ++i) note(seen[i], live);
    }

  private:
    // Of all arenas of a callstack together.
    struct resident_arena {
        callstack_id callstack;
        std::int64_t resident;
    };

    recording_header& header() const { return memory_.header(); }
    recording_view view() const { return {memory_.base(), memory_.bytes()}; }
    large_mapping_record* records() const {
        return memory_.at<large_mapping_record>(header().large_mappings_page);
    }

    // The first that ends after the address, or the end. Only under the lock.
    const large_mapping_record* first_after(std::uintptr_t address) const {
        const large_mapping_record* first = records();
        return std::partition_point(
            first, first + header().large_mappings.load(relaxed),
            [=](const large_mapping_record& one) { return end_of(one) <= address; });
    }
    bool is_end(const large_mapping_record* one) const {
        return one == records() + header().large_mappings.load(relaxed);
    }
    bool overlaps(std::uintptr_t start, std::uint64_t bytes) const {
        const large_mapping_record* found = first_after(start);
        return !is_end(found) && found->address.load(relaxed) < start + bytes;
    }
    bool lies_in_arena(std::uintptr_t start, std::uint64_t bytes) const {
        const large_mapping_record* found = first_after(start);
        return !is_end(found) && found->kind.load(relaxed) == mapping_kind::arena &&
               found->address.load(relaxed) <= start && start + bytes <= end_of(*found);
    }
    static std::uint64_t end_of(const large_mapping_record& one) {
        return one.address.load(relaxed) + one.bytes.load(relaxed);
    }

    // False if there was no room.
    static bool add_all(const mappings<System>& all, std::uint64_t least,
                        large_mapping_writer& writer) {
        bool has_room = true;
        large_mapping arena;
        const auto add = [&](const large_mapping& one) {
            if (has_room && one.bytes >= least) has_room = writer.add(one);
        };
        all.for_each(1, [&](const mapping& range) {
            if (range.is_of_arena() && arena.address + arena.bytes == range.start &&
                arena.callstack == range.callstack) {
                arena.bytes += range.bytes;
                return;
            }
            add(arena);
            arena = {};
            const bool is_large =
                range.kind() == mapping_kind::anonymous && range.bytes >= large_mapping_bytes;
            if (range.is_of_arena()) {
                arena = {range.start, range.bytes, range.callstack, mapping_kind::arena};
            } else if (is_large) {
                add({range.start, range.bytes, range.callstack, mapping_kind::anonymous});
            }
        });
        add(arena);
        return has_room;
    }

    // Where what was seen of its arenas stands, or will; nullptr if there is no room.
    arena_record* place_of(callstack_id callstack) const {
        for (arena_record& one : header().arenas) {
            const callstack_id noted = one.callstack.load(relaxed);
            if (noted == callstack || noted == callstack_id::none) return &one;
        }
        return nullptr;
    }

    void note(const resident_arena& seen, std::int64_t live) {
        arena_record* noted = place_of(seen.callstack);
        if (noted == nullptr) return;
        const bool is_higher = !is_near_peak(noted->live_then, live);
        if (!is_higher && seen.resident <= noted->resident) return;
        noted->resident = seen.resident;
        noted->live_then = live;
        noted->callstack = seen.callstack;
    }

    static constexpr auto relaxed = std::memory_order_relaxed;

    recording_memory& memory_;
    std::uint64_t changes_ = 0;  // since they were listed
};

}  // namespace fil
