#pragma once
// Frames of a walk, and of the last stack that was walked, which the next one joins.
//
// Two stacks of a thread mostly have their outer frames in common. That one frame is the same as
// one remembered is told by its place; that all its callers are, by the words in memory that led
// from each to the next: its return address, and what else was read on the way. Where all of them
// are what they were, the walk would read them again and come to the same end; so it need not.
//
// What was read is the return address alone, unless a frame finds its caller's stack by way of the
// frame pointer: then also the word where that was saved (`fp_slot`), by a frame further in. If
// that frame is not part of what is compared, the frame pointer itself must be the same (needs_fp).
//
// Hot path: no malloc, no throw.

#include <cstddef>
#include <cstdint>

#include "fil/base/inlining.hpp"
#include "fil/capture/modules.hpp"
#include "fil/capture/unwind_machine.hpp"
#include "fil/capture/unwind_row.hpp"

namespace fil {

inline std::uintptr_t word_at(std::uintptr_t place) {
    return *reinterpret_cast<const std::uintptr_t*>(place);
}

// Where a search begins for what was kept of the inner frames alone, and what its function was
// called from.
struct inner_place {
    frame_place place;
    std::uintptr_t caller;
};

struct stack_frame {
    frame_place place;
    code_location at;
    std::uintptr_t fp_slot;  // where the frame pointer was read that it uses; 0: further in
    std::int32_t loads_at;   // fp + this, if its caller's stack is loaded from there
    callstack_id callstack;  // that ends with it, of the last stack
    bool uses_fp;
    bool loads;
    bool needs_fp;  // it, or one of its callers before the frame pointer is another
};

// Innermost first while it is walked: the caller of a frame is the next.
class walked_frames {
  public:
    static constexpr std::size_t most = 1001;

    void begin() {
        count_ = origin_ = origin_slot_ = 0;
        has_handler_ = false;
    }
    std::size_t count() const { return count_; }
    bool is_full() const { return count_ == most; }
    const stack_frame& operator[](std::size_t index) const { return frames_[index]; }
    stack_frame& operator[](std::size_t index) { return frames_[index]; }

    FIL_HOT void add(const frame_place& place, code_location at) {
        stack_frame& fresh = frames_[count_++];
        fresh.place = place;
        fresh.at = at;
        fresh.uses_fp = fresh.loads = fresh.needs_fp = false;
    }

    // The newest frame uses the frame pointer, by this row.
    FIL_HOT void note_use_of_fp(const unwind_row& row) {
        stack_frame& user = frames_[count_ - 1];
        user.uses_fp = true;
        user.fp_slot = origin_slot_;
        user.loads = row.stack == stack_rule::loaded;
        user.loads_at = row.stack_offset;
        need_fp_before(count_);
    }

    // The frame that comes next has another frame pointer, read at `slot`; 0: it is lost.
    FIL_HOT void note_new_fp(std::uintptr_t slot) {
        origin_ = count_;
        origin_slot_ = slot;
    }

    // All frames since the frame pointer changed last.
    void need_fp_before(std::size_t end) {
        for (std::size_t i = end; i > origin_ && !frames_[i - 1].needs_fp; --i)
            frames_[i - 1].needs_fp = true;
    }
    std::uintptr_t origin_slot() const { return origin_slot_; }

    // A handler is among them, or what cannot be remembered for another reason.
    void note_handler() { has_handler_ = true; }
    bool has_handler() const { return has_handler_; }

  private:
    bool has_handler_;
    std::size_t count_;
    std::size_t origin_;  // the first frame with the frame pointer of now
    std::uintptr_t origin_slot_;
    stack_frame frames_[most];
};

// The words that the walk reads to get from a frame to its caller, in its order, as where and what.
// The outermost frame has none.
template <typename Visit>
FIL_HOT void for_each_word(const stack_frame& frame, const stack_frame* caller, Visit visit) {
    if (frame.uses_fp && frame.fp_slot != 0) visit(frame.fp_slot, frame.place.fp);
    if (caller == nullptr) return;
    if (frame.loads)
        visit(frame.place.fp + static_cast<std::uintptr_t>(std::intptr_t{frame.loads_at}),
              caller->place.sp);
    visit(caller->place.sp - x86_64::return_slot, caller->place.pc);
}

// Of `count` frames, innermost first: called with a visitor, it visits them all.
template <typename Frames>
auto words_of(const Frames& frame, std::size_t count) {
    return [&frame, count](auto visit) FIL_INLINED {
        for (std::size_t i = 0; i < count; ++i)
            for_each_word(frame(i), i + 1 == count ? nullptr : &frame(i + 1), visit);
    };
}

// Outermost first: the caller of a frame is the one before. Its words lie the other way round, and
// one after the other: to compare them is most of what a deep stack costs.
//
//     frames_   main  f  g  h                 words_   ... of h  of g  of f
//
class last_stack {
  public:
    static constexpr std::size_t most = 1000;

    struct word {
        std::uintptr_t place, value;
    };

    void forget() { depth_ = 0; }
    const stack_frame& operator[](std::size_t index) const { return frames_[index]; }
    // Of the frame `index` and all its callers, as the walk reads them.
    const word* words(std::size_t index) const { return words_ + steps_[index].begin; }
    const word* words_end() const { return words_ + most_words; }

    // A search goes outwards, as the walk does.
    void begin_search() { left_ = depth_; }

    // Whether all callers of this frame are those that were remembered for a frame there, as far as
    // may be read. Then joined() is its index.
    template <typename Reach>
    FIL_HOT bool joins(const frame_place& place, Reach& reach) {
        while (left_ != 0 && frames_[left_ - 1].place.sp < place.sp) --left_;
        if (left_ == 0) return false;
        const stack_frame& same = frames_[left_ - 1];
        if (same.place.sp != place.sp || same.place.pc != place.pc) return false;
        if (same.needs_fp && same.place.fp != place.fp) return false;
        return reach.holds_until(frames_[0].place.sp) && are_callers_same(place.sp);
    }
    std::size_t joined() const { return left_ - 1; }

    // What was walked before it joined stands above the frame `kept - 1` now. A handler that
    // interrupts this finds nothing.
    [[gnu::noinline]] void replace(std::size_t kept, const walked_frames& walked,
                                   std::size_t count) {
        depth_ = 0;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        for (std::size_t i = count; i-- > 0; ++kept) {
            frames_[kept] = walked[i];
            note_words(kept);
        }
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        depth_ = kept;
    }

    // The frame pointer that the frame `index`, which was joined, needs was read at `slot` this
    // time; its callers need the same one until it is another. Before replace().
    void note_origin(std::size_t index, std::uintptr_t slot) {
        depth_ = 0;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        std::size_t first = index;
        for (std::size_t i = index;
             frames_[i].needs_fp && frames_[i].place.fp == frames_[index].place.fp; --i) {
            if (frames_[i].uses_fp) frames_[first = i].fp_slot = slot;
            if (i == 0) break;
        }
        for (; first <= index; ++first) note_words(first);
    }

  private:
    static constexpr std::size_t most_words = 3 * most;
    static constexpr std::size_t at_once = 4;
    struct step {
        std::uintptr_t lowest;  // of the places of these words and those of its callers
        std::uint32_t begin;    // of the words that lead to its caller
    };

    FIL_HOT void note_words(std::size_t index) {
        const stack_frame& frame = frames_[index];
        if (index == 0 || frame.uses_fp) [[unlikely]]
            return note_words_by_fp(index);
        const frame_place& caller = frames_[index - 1].place;
        const std::uintptr_t place = caller.sp - x86_64::return_slot;
        const step& before = steps_[index - 1];
        const std::uint32_t begin = before.begin - 1;
        words_[begin] = {place, caller.pc};
        steps_[index] = {before.lowest < place ? before.lowest : place, begin};
    }
    [[gnu::noinline]] void note_words_by_fp(std::size_t index) {
        const stack_frame* caller = index == 0 ? nullptr : &frames_[index - 1];
        step& to = steps_[index];
        to = index == 0 ? step{~std::uintptr_t{0}, most_words} : steps_[index - 1];
        for_each_word(frames_[index], caller, [&](std::uintptr_t, std::uintptr_t) { --to.begin; });
        word* next = words_ + to.begin;
        for_each_word(frames_[index], caller, [&](std::uintptr_t place, std::uintptr_t value) {
            *next++ = {place, value};
            if (place < to.lowest) to.lowest = place;
        });
    }

    // Each comparison that holds shows that the walk would read the next word, too: so nothing is
    // read that is not there. What was saved below `sp`, by a frame further in, may be gone.
    bool are_callers_same(std::uintptr_t sp) {
        const word* at = words(left_ - 1);
        const word* const end = words_end();
        for (std::size_t i = left_; i > 0 && steps_[i - 1].lowest < sp; --i)
            for (const word* const last = i > 1 ? words(i - 2) : end; at != last; ++at)
                if (at->place >= sp && is_changed(*at)) return stop_at(at);
        for (; end - at >= std::ptrdiff_t{at_once}; at += at_once)
            if (is_changed(at[0]) || is_changed(at[1]) || is_changed(at[2]) || is_changed(at[3]))
                [[unlikely]]
                break;
        for (; at != end; ++at)
            if (is_changed(*at)) return stop_at(at);
        return true;
    }
    FIL_HOT static bool is_changed(const word& one) { return word_at(one.place) != one.value; }
    // The walk goes on as before, and tries again beyond what differs.
    bool stop_at(const word* at) {
        do --left_;
        while (left_ != 0 && words(left_ - 1) <= at);
        return false;
    }

    std::size_t depth_;
    std::size_t left_;
    stack_frame frames_[most];
    step steps_[most];
    word words_[most_words];
};

}  // namespace fil
