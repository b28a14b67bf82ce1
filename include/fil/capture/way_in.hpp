#pragma once
// The ways from the program into the source: our own frames, which are the same few again and
// again.
//
// Each hook leads to the source by the same functions, whose frames have the same size. So a way is
// remembered as the return addresses that lie at the same distances from the source's own stack
// pointer; where they are what they were, the program's frame is at the same distance, too. It is
// proved as a remembered stack is (stack_memo.hpp): each word shows where the next one is.
// One object a thread, in zeroed memory. Hot path: no malloc, no throw.

#include <cstddef>
#include <cstdint>

#include "fil/base/inlining.hpp"
#include "fil/capture/stack_frames.hpp"

namespace fil {

class ways_in {
  public:
    static constexpr std::size_t most_frames = 6;
    static constexpr std::uint32_t not_saved = ~std::uint32_t{0};

    // One that is being walked.
    struct way {
        std::uint32_t frames;
        std::uint32_t stack;    // of the program's frame, from the source's stack pointer on
        std::uint32_t fp_slot;  // where its frame pointer was saved
        bool is_plain;          // nothing else was read
        std::uint32_t slots[most_frames];
        std::uintptr_t words[most_frames];

        void add(std::uintptr_t from, const frame_place& caller) {
            if (frames == most_frames) {
                is_plain = false;
            } else {
                stack = static_cast<std::uint32_t>(caller.sp - from);
                slots[frames] = stack - x86_64::return_slot;
                words[frames++] = caller.pc;
            }
        }
    };

    // From the source's own place to the program's. False: it is not remembered. `is_own(pc)` tells
    // of our own code: a longer way may begin as a shorter one.
    template <typename IsOwn>
    bool go(frame_place& place, IsOwn is_own) {
        for (const way& each : ways_) {
            if (!go_by(each, place, is_own)) continue;
            put(last_, each);
            return true;
        }
        return false;
    }
    // By the way of last time alone.
    template <typename IsOwn>
    FIL_HOT bool go_again(frame_place& place, IsOwn is_own) const {
        return go_by(last_, place, is_own);
    }

    void keep(const way& walked) {
        if (walked.is_plain) put(ways_[next_++ % ways], walked);
    }

    void forget() {
        for (way& each : ways_) each.frames = 0;
        last_.frames = 0;
    }

  private:
    static constexpr std::size_t ways = 16;

    // A handler that leaves in between leaves none.
    static void put(way& place, const way& walked) {
        place.frames = 0;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        const std::uint32_t frames = walked.frames;
        place = walked;
        place.frames = 0;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        place.frames = frames;
    }

    template <typename IsOwn>
    FIL_HOT static bool go_by(const way& one, frame_place& place, IsOwn is_own) {
        if (!is_this(one, place.sp)) return false;
        const std::uintptr_t program = place.sp + one.stack;
        const std::uintptr_t pc = word_at(program - x86_64::return_slot);
        if (is_own(pc)) [[unlikely]]
            return false;
        if (one.fp_slot != not_saved) place.fp = word_at(place.sp + one.fp_slot);
        place.sp = program;
        place.pc = pc;
        return true;
    }

    // The last return address is the program's: any will do.
    FIL_HOT static bool is_this(const way& one, std::uintptr_t sp) {
        if (one.frames == 0) return false;
        for (std::uint32_t i = 0; i + 1 < one.frames; ++i)
            if (word_at(sp + one.slots[i]) != one.words[i]) return false;
        return true;
    }

    std::size_t next_;
    way last_;
    way ways_[ways];
};

}  // namespace fil
