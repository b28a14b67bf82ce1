#pragma once
// Whole stacks that a thread remembers, each as the words that prove it.
//
// A program allocates in a few hundred places again and again. Each such stack is kept as (where,
// what) of every word that its walk read beyond the first frames, so that meeting it again costs a
// comparison a frame, and no walk:
//
//     first frames, walked   ──►  key  ──►  { offset, word } { offset, word } ...  ──►  callstack
//
// Words are compared in the order in which the walk read them: as long as they are equal, the next
// one is where the walk would look. So no word is read that the walk would not read; and like the
// walk, nothing is read out of the stack's reach: what a fibre's stack led to may be gone.
//
// Stacks lie one after the other in a ring, over what is oldest. Several may have one key (of a
// parser, say, that comes to its innermost functions by way of others): they are ways of one set.
// One is kept when its key is met the second time and not known, so that what is met once costs
// nothing. One object a thread, in zeroed memory; a signal handler that leaves by
// siglongjmp in between does no harm: what is half written is not entered yet.
// Hot path: no malloc, no throw.

#include <cstddef>
#include <cstdint>

#include "fil/base/hash.hpp"
#include "fil/base/inlining.hpp"
#include "fil/capture/stack_frames.hpp"

namespace fil {

class stack_memo {
  public:
    static constexpr std::size_t first_frames = 2;

    struct key {
        std::uintptr_t pcs[first_frames];
        frame_place place;  // of the frame that comes after them
        FIL_HOT std::uint64_t hash() const {
            std::uint64_t sum = pcs[0];
            for (std::size_t i = 1; i < first_frames; ++i) sum = mix(sum) ^ (sum >> 31) ^ pcs[i];
            return mix(mix(sum ^ (place.sp << 20)) ^ place.pc);
        }
    };

    // None: it is not remembered. `reach` is that of the stack of now.
    template <typename Reach>
    FIL_HOT callstack_id find(const key wanted, Reach& reach) {
        hash_ = wanted.hash();
        const way* ways = set_of(hash_);
        for (std::size_t i = 0; i < ways_in_set; ++i) {
            if (ways[i].hash != hash_ || !is_kept(ways[i])) continue;
            const header& stack = at(ways[i].position);
            if (is_same(stack, wanted, reach)) return stack.callstack;
        }
        return callstack_id::none;
    }

    // After find() did not find it: whether it is to be kept, since it was met before.
    bool wants() {
        auto& [newer, older] = met_[hash_ >> (64 - met_log2)];
        const bool is_again = newer == hash_ || older == hash_;
        if (newer != hash_) older = newer;
        newer = is_again ? 0 : hash_;  // once more after it was kept, should it be driven out
        return is_again;
    }

    // After wants(). `Frames` is the whole stack, innermost first.
    template <typename Frames>
    void keep(const key& of, const Frames& frames, std::size_t count, callstack_id callstack) {
        const std::size_t set = hash_ >> (64 - sets_log2);
        way& place = sets_[set][next_[set]++ % ways_in_set];
        place.hash = 0;
        if (write(of, frames, count, callstack, place)) place.hash = hash_;
    }

    // Nothing that was kept is true any more.
    void forget() { written_ += ring_bytes; }

  private:
    static constexpr std::size_t ring_bytes = 512 * 1024;
    static constexpr std::size_t sets_log2 = 8, ways_in_set = 4;
    static constexpr std::size_t met_log2 = 10;  // more than sets: what comes in turn is met again
    static constexpr std::size_t at_once = 4;    // words that a turn of the comparison takes

    struct way {
        std::uint64_t hash;
        std::uint64_t position;  // in all that was ever written
    };
    struct header {
        key of;
        callstack_id callstack;
        std::uint32_t words;  // a multiple of `at_once`: the last one stands there more than once
        std::uint32_t end;    // of what is read
        bool needs_fp;
        std::uintptr_t* values() { return reinterpret_cast<std::uintptr_t*>(this + 1); }
        const std::uintptr_t* values() const {
            return reinterpret_cast<const std::uintptr_t*>(this + 1);
        }
        std::uint32_t* offsets() { return reinterpret_cast<std::uint32_t*>(values() + words); }
        const std::uint32_t* offsets() const {
            return reinterpret_cast<const std::uint32_t*>(values() + words);
        }
        static std::size_t bytes(std::size_t words) {
            return (sizeof(header) + words * (sizeof(std::uintptr_t) + sizeof(std::uint32_t)) + 7) &
                   ~std::size_t{7};
        }
    };

    way* set_of(std::uint64_t hash) { return sets_[hash >> (64 - sets_log2)]; }
    header& at(std::uint64_t position) {
        return *reinterpret_cast<header*>(ring_ + position % ring_bytes);
    }
    bool is_kept(const way& one) const { return written_ - one.position <= ring_bytes; }

    template <typename Reach>
    FIL_HOT static bool is_same(const header& stack, const key& wanted, Reach& reach) {
        const key& of = stack.of;
        for (std::size_t i = 0; i < first_frames; ++i)
            if (of.pcs[i] != wanted.pcs[i]) return false;
        if (of.place.pc != wanted.place.pc || of.place.sp != wanted.place.sp ||
            (stack.needs_fp && of.place.fp != wanted.place.fp) ||
            !reach.holds_until(wanted.place.sp + stack.end))
            return false;
        const std::uintptr_t* value = stack.values();
        const std::uint32_t* offset = stack.offsets();
        const std::uintptr_t* const end = value + stack.words;
        const std::uintptr_t sp = wanted.place.sp;
        for (; value != end; value += at_once, offset += at_once) {
            if (word_at(sp + offset[0]) != value[0] || word_at(sp + offset[1]) != value[1] ||
                word_at(sp + offset[2]) != value[2] || word_at(sp + offset[3]) != value[3])
                return false;
        }
        return true;
    }

    template <typename Frames>
    bool write(const key& of, const Frames& frames, std::size_t count, callstack_id callstack,
               way& entered) {
        const std::size_t all = words_of(frames, count);
        const std::size_t most = (all + at_once - 1) / at_once * at_once;
        const std::size_t bytes = header::bytes(most);
        if (bytes > ring_bytes / 4) return false;
        std::uint64_t position = written_ == 0 ? ring_bytes : written_;
        if (position % ring_bytes + bytes > ring_bytes)
            position += ring_bytes - position % ring_bytes;
        written_ = position + bytes;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        header& stack = at(position);
        stack.of = of;
        stack.callstack = callstack;
        stack.words = static_cast<std::uint32_t>(most);
        stack.needs_fp = frames(first_frames).needs_fp;
        stack.end = 0;
        std::size_t words = 0;
        const auto add = [&](std::uintptr_t place, std::uintptr_t value) {
            const auto offset = static_cast<std::uint32_t>(place - of.place.sp);
            stack.values()[words] = value;
            stack.offsets()[words++] = offset;
            if (stack.end < offset + sizeof value) stack.end = offset + sizeof value;
        };
        const bool fits = for_each_word(frames, count, add);
        for (; words != 0 && words < most; ++words) {
            stack.values()[words] = stack.values()[words - 1];
            stack.offsets()[words] = stack.offsets()[words - 1];
        }
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        if (fits) entered.position = position;
        return fits;
    }

    template <typename Frames>
    static std::size_t words_of(const Frames& frames, std::size_t count) {
        std::size_t words = 0;
        for_each_word(frames, count, [&](std::uintptr_t, std::uintptr_t) { ++words; });
        return words;
    }

    // In the order of the walk. False if a word is too far away.
    template <typename Frames, typename Visit>
    static bool for_each_word(const Frames& frames, std::size_t count, Visit visit) {
        const std::uintptr_t sp = frames(first_frames).place.sp;
        for (std::size_t i = first_frames; i < count; ++i) {
            const stack_frame& frame = frames(i);
            if (frame.uses_fp && frame.fp_slot >= sp) visit(frame.fp_slot, frame.place.fp);
            if (i + 1 == count) break;
            const frame_place& caller = frames(i + 1).place;
            if (frame.loads) {
                visit(frame.place.fp + static_cast<std::uintptr_t>(std::intptr_t{frame.loads_at}),
                      caller.sp);
            }
            visit(caller.sp - x86_64::return_slot, caller.pc);
            if (caller.sp - sp > 0xFFFFFFFF) return false;
        }
        return true;
    }

    std::uint64_t written_;
    std::uint64_t hash_;  // that was looked for last
    alignas(64) way sets_[std::size_t{1} << sets_log2][ways_in_set];
    std::uint64_t met_[std::size_t{1} << met_log2][2];  // what was not known, and met lately
    std::uint8_t next_[std::size_t{1} << sets_log2];    // its oldest way
    alignas(16) std::byte ring_[ring_bytes];
};

}  // namespace fil
