#pragma once
// Whole stacks that a thread remembers, each as the words that prove it.
//
// A program allocates in a few hundred places again and again. Each such stack is kept as (where,
// what) of every word that its walk read, so that meeting it again costs a comparison a frame, and
// no walk:
//
//     innermost place, { offset, word } { offset, word } ...  ──►  what it stands for
//
// Words are compared in the order in which the walk read them: as long as they are equal, the next
// one is where the walk would look. So no word is read that the walk would not read; and like the
// walk, nothing is read out of the stack's reach: what a fibre's stack led to may be gone.
//
// What a program does it mostly does again in the same order. So each stack remembers what came
// after it, and that is compared first (find_next). Where it is another, the stack is looked up by
// a hash of what the caller knows of it. Several may have one hash (of a parser, say, that comes to
// its innermost functions by way of others): they are ways of one set.
//
// Stacks lie one after the other in a ring, over what is oldest. One is kept when its hash is met
// the second time and not known, so that what is met once costs nothing; where they are driven out
// before they were found again, only some are kept (end_lap). One object a thread, in
// zeroed memory; a signal handler that leaves by siglongjmp in between does no harm: what is half
// written has no place yet.
// Hot path: no malloc, no throw.

#include <cstddef>
#include <cstdint>

#include "fil/base/hash.hpp"
#include "fil/base/inlining.hpp"
#include "fil/capture/stack_frames.hpp"

namespace fil {

class stack_memo {
  public:
    static constexpr std::uint32_t nothing = 0;

    // Of words that are known of a stack; the upper bits are good. No product waits for another.
    FIL_HOT static std::uint64_t hash(std::uintptr_t first, std::uintptr_t second) {
        return first * 0x9E3779B97F4A7C15 + second * 0xD6E8FEB86659FD93;
    }

    // What the stack that begins at `place` stands for, if it is the one that came after the newest
    // last time it was met; or nothing. `hint` is a hash of its place. `reach` is that of the stack
    // of now.
    template <typename Reach>
    FIL_HOT std::uint32_t find_next(std::uint64_t hint, const frame_place& place, Reach&& reach) {
        hint_ = hint;
        const std::uint32_t next = *next_of_newest();
        if (!is_kept(next)) [[unlikely]]
            return nothing;
        const header& stack = at(next);
        if (!is_same(stack, place, reach)) [[unlikely]]
            return nothing;
        newest_ = next;
        ++found_;
        return stack.value;
    }

    // After find_next() did not find it.
    template <typename Reach>
    std::uint32_t find(std::uint64_t hash, const frame_place& place, Reach& reach) {
        hash_ = hash;
        for (const way& each : sets_[hash >> (64 - sets_log2)]) {
            if (each.hash != hash || !is_kept(each.position)) continue;
            const header& stack = at(each.position);
            if (!is_same(stack, place, reach)) continue;
            note_newest(each.position);
            ++found_;
            return stack.value;
        }
        return nothing;
    }

    // After find() did not find it: whether it is to be kept, since it was met before.
    bool wants() {
        auto& [newer, older] = met_[hash_ >> (64 - met_log2)];
        const bool is_wanted =
            (newer == hash_ || older == hash_) && (++again_ & ((1u << seldom_log2_) - 1)) == 0;
        if (newer != hash_) older = newer;
        newer = is_wanted ? 0 : hash_;  // once more after it was kept, should it be driven out
        return is_wanted;
    }

    // After wants(). Of the innermost frame, and all words that its walk read: `for_each(visit)`
    // calls visit(where, what). `value` is not nothing.
    template <typename Words>
    void keep(const stack_frame& innermost, const Words& for_each, std::uint32_t value) {
        const std::size_t set = hash_ >> (64 - sets_log2);
        way& place = sets_[set][next_way_[set]++ % ways_in_set];
        place.hash = 0;
        if (write(innermost, for_each, value, place)) place.hash = hash_;
    }

    // Nothing that was kept is true any more.
    void forget() { written_ += ring_units; }

  private:
    // Positions are counted in units, in all that was ever written: what is read of them is never
    // as old as what 32 bits count.
    static constexpr std::size_t unit = 8;
    static constexpr std::uint32_t ring_units = 64 * 1024;
    static constexpr std::size_t sets_log2 = 7, ways_in_set = 8;
    static constexpr std::size_t met_log2 = 10;  // more than sets: what comes in turn is met again
    static constexpr std::size_t at_once = 4;    // words that a turn of the comparison takes
    static constexpr std::size_t nexts_log2 = 3;
    static constexpr std::uint64_t pays = 4;  // times that it is found: to keep it costs some walks
    static constexpr std::uint32_t most_seldom_log2 = 6;

    struct way {
        std::uint64_t hash;
        std::uint64_t position;
    };
    struct header {
        frame_place place;  // pc is 0 while it is written
        std::uint32_t value;
        std::uint32_t words;  // a multiple of `at_once`: the last one stands there more than once
        std::uint32_t end;    // of what is read
        std::uint32_t needs_fp;
        std::uint32_t nexts[1u << nexts_log2];  // what came after it, by the hint
        std::uintptr_t* values() { return reinterpret_cast<std::uintptr_t*>(this + 1); }
        const std::uintptr_t* values() const {
            return reinterpret_cast<const std::uintptr_t*>(this + 1);
        }
        std::uint32_t* offsets() { return reinterpret_cast<std::uint32_t*>(values() + words); }
        const std::uint32_t* offsets() const {
            return reinterpret_cast<const std::uint32_t*>(values() + words);
        }
        static std::size_t units(std::size_t words) {
            return (sizeof(header) + words * (sizeof(std::uintptr_t) + sizeof(std::uint32_t)) +
                    unit - 1) /
                   unit;
        }
    };

    header& at(std::uint64_t position) {
        return *reinterpret_cast<header*>(ring_ + position % ring_units * unit);
    }
    FIL_HOT bool is_kept(std::uint32_t position) const {
        return static_cast<std::uint32_t>(written_) - position - 1 < ring_units;
    }
    FIL_HOT bool is_kept(std::uint64_t position) const {
        return written_ - position - 1 < ring_units;
    }
    // The newest is never overwritten: what is written becomes the newest.
    FIL_HOT std::uint32_t* next_of_newest() {
        return &at(newest_).nexts[hint_ >> (64 - nexts_log2)];
    }
    void note_newest(std::uint64_t position) {
        newest_ = *next_of_newest() = static_cast<std::uint32_t>(position);
    }

    template <typename Reach>
    FIL_HOT static bool is_same(const header& stack, const frame_place& place, Reach& reach) {
        if (stack.place.pc != place.pc || stack.place.sp != place.sp ||
            (stack.needs_fp != 0 && stack.place.fp != place.fp) ||
            !reach.holds_until(place.sp + stack.end)) [[unlikely]]
            return false;
        const std::uintptr_t* value = stack.values();
        const std::uint32_t* offset = stack.offsets();
        const std::uintptr_t* const end = value + stack.words;
        const std::uintptr_t sp = place.sp;
        for (; value != end; value += at_once, offset += at_once) {
            if (word_at(sp + offset[0]) != value[0] || word_at(sp + offset[1]) != value[1] ||
                word_at(sp + offset[2]) != value[2] || word_at(sp + offset[3]) != value[3])
                [[unlikely]]
                return false;
        }
        return true;
    }

    // Where stacks are driven out before they have paid for being kept, fewer are kept, and so for
    // longer: of a program that comes by more places in turn than there is room for, some at least.
    void end_lap() {
        if (found_ < pays * kept_) {
            if (seldom_log2_ < most_seldom_log2) ++seldom_log2_;
        } else if (seldom_log2_ != 0) {
            --seldom_log2_;
        }
        found_ = kept_ = 0;
    }

    template <typename Words>
    bool write(const stack_frame& innermost, const Words& for_each, std::uint32_t value,
               way& entered) {
        std::size_t all = 0;
        for_each([&](std::uintptr_t, std::uintptr_t) FIL_INLINED { ++all; });
        const std::size_t most = (all + at_once - 1) / at_once * at_once;
        const std::size_t units = header::units(most);
        if (units > ring_units / 4) return false;
        std::uint64_t position = written_ == 0 ? ring_units : written_;
        if (position % ring_units + units > ring_units) {
            position += ring_units - position % ring_units;
            end_lap();
        }
        ++kept_;
        written_ = position + units;
        header& stack = at(position);
        stack.place.pc = 0;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        const frame_place& place = innermost.place;
        stack.place.sp = place.sp;
        stack.place.fp = place.fp;
        stack.value = value;
        stack.words = static_cast<std::uint32_t>(most);
        stack.needs_fp = innermost.needs_fp ? 1 : 0;
        for (std::uint32_t& next : stack.nexts) next = static_cast<std::uint32_t>(position);
        std::uintptr_t farthest = 0;
        std::uintptr_t* values = stack.values();
        std::uint32_t* offsets = stack.offsets();
        for_each([&](std::uintptr_t where, std::uintptr_t what) FIL_INLINED {
            const std::uintptr_t offset = where - place.sp;
            *values++ = what;
            *offsets++ = static_cast<std::uint32_t>(offset);
            if (offset > farthest) farthest = offset;
        });
        for (; all != 0 && all < most; ++all, ++values, ++offsets) {
            values[0] = values[-1];
            offsets[0] = offsets[-1];
        }
        stack.end = static_cast<std::uint32_t>(farthest + sizeof(std::uintptr_t));
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        newest_ = static_cast<std::uint32_t>(position);
        if (farthest > 0xFFFFFFFF - sizeof(std::uintptr_t)) return false;  // or before the stack
        stack.place.pc = place.pc;
        entered.position = position;
        return true;
    }

    std::uint64_t written_;
    std::uint64_t hint_, hash_;   // of what was looked for last
    std::uint32_t newest_;        // the position of what was found or kept last
    std::uint32_t again_;         // how often what was met before was not known
    std::uint32_t seldom_log2_;   // one of so many of them is kept
    std::uint64_t found_, kept_;  // in this lap of the ring
    alignas(64) way sets_[std::size_t{1} << sets_log2][ways_in_set];
    std::uint64_t met_[std::size_t{1} << met_log2][2];    // what was not known, and met lately
    std::uint8_t next_way_[std::size_t{1} << sets_log2];  // its oldest way
    alignas(16) std::byte ring_[ring_units * unit];
};

}  // namespace fil
