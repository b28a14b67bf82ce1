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

// Outermost first: the caller of a frame is the one before.
class last_stack {
  public:
    static constexpr std::size_t most = 1000;

    void forget() { depth_ = 0; }
    const stack_frame& operator[](std::size_t index) const { return frames_[index]; }

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
    void replace(std::size_t kept, const walked_frames& walked, std::size_t count) {
        depth_ = 0;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        for (std::size_t i = count; i-- > 0;) frames_[kept++] = walked[i];
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        depth_ = kept;
    }

    // The frame pointer that the frame `index` needs was read at `slot` this time.
    void note_origin(std::size_t index, std::uintptr_t slot) {
        for (; frames_[index].needs_fp; --index) {
            if (frames_[index].uses_fp) frames_[index].fp_slot = slot;
            if (index == 0) break;
        }
    }

  private:
    // Each comparison that holds shows that the walk would read the next word, too: so nothing is
    // read that is not there.
    bool are_callers_same(std::uintptr_t sp) {
        for (std::size_t i = left_ - 1; i > 0; --i) {
            const stack_frame& frame = frames_[i];
            const frame_place& caller = frames_[i - 1].place;
            if (frame.uses_fp) [[unlikely]] {
                if (frame.fp_slot >= sp && word_at(frame.fp_slot) != frame.place.fp)
                    return stop_at(i);
                if (frame.loads &&
                    word_at(frame.place.fp + static_cast<std::uintptr_t>(
                                                 std::intptr_t{frame.loads_at})) != caller.sp)
                    return stop_at(i);
            }
            if (word_at(caller.sp - x86_64::return_slot) != caller.pc) return stop_at(i);
        }
        return true;
    }
    // The walk goes on as before, and tries again beyond what differs.
    bool stop_at(std::size_t index) {
        left_ = index;
        return false;
    }

    std::size_t depth_;
    std::size_t left_;
    stack_frame frames_[most];
};

}  // namespace fil
