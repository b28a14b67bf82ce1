#pragma once
// From a frame to its caller, by a row, within the stack's reach.
//
// Hot path: no malloc, no throw.

#include "fil/capture/stack_frames.hpp"
#include "fil/capture/stack_reach.hpp"
#include "fil/capture/unwind_machine.hpp"
#include "fil/capture/unwind_row.hpp"

namespace fil {

// Where the caller's frame pointer was read, if it was.
struct frame_step {
    bool is_possible;
    bool changes_fp;
    std::uintptr_t fp_slot;
};

template <typename Machine, typename Reach>
class frame_steps {
  public:
    // `place` becomes the caller's; it is as it was where that is not possible.
    FIL_HOT static frame_step step(frame_place& place, const unwind_row& row, Reach& reach) {
        std::uintptr_t stack;
        const auto offset = static_cast<std::uintptr_t>(std::intptr_t{row.stack_offset});
        if (row.stack == stack_rule::sp) [[likely]] {
            stack = place.sp + offset;
        } else if (row.stack == stack_rule::fp) {
            stack = place.fp + offset;
        } else {
            return step_otherwise(place, row, reach);
        }
        return step_to(place, stack, row, reach);
    }

  private:
    static constexpr frame_step end{false, false, 0};
    static constexpr std::uintptr_t word = sizeof(std::uintptr_t);

    FIL_HOT static frame_step step_to(frame_place& place, std::uintptr_t stack,
                                      const unwind_row& row, Reach& reach) {
        if (stack <= place.sp || stack % word != 0 || !reach.holds_until(stack)) [[unlikely]]
            return end;
        const std::uintptr_t pc = word_at(stack - Machine::return_slot);
        if (pc == 0) [[unlikely]]
            return end;
        frame_step result{true, false, 0};
        if (row.fp != fp_rule::kept) {
            const auto offset = static_cast<std::uintptr_t>(std::intptr_t{row.fp_offset});
            const std::uintptr_t slot = (row.fp == fp_rule::at_fp ? place.fp : stack) + offset;
            result.changes_fp = true;
            if (row.fp == fp_rule::lost) [[unlikely]] {
                place.fp = 0;
            } else {
                if (slot < place.sp || slot >= stack || slot % word != 0) [[unlikely]]
                    return end;
                place.fp = word_at(slot);
                result.fp_slot = slot;
            }
        }
        place.sp = stack;
        place.pc = pc;
        return result;
    }

    FIL_RARE static frame_step step_otherwise(frame_place& place, const unwind_row& row,
                                              Reach& reach) {
        const auto offset = static_cast<std::uintptr_t>(std::intptr_t{row.stack_offset});
        switch (row.stack) {
            case stack_rule::loaded:
                if (!reach.holds(place.fp + offset)) return end;
                return step_to(place, word_at(place.fp + offset), row, reach);
            case stack_rule::untold:
                if (place.fp < place.sp) return end;
                return step_to(place, place.fp + Machine::framed_stack, framed, reach);
            case stack_rule::handler:
                return step_out_of_handler(place, reach);
            default:
                return end;
        }
    }

    static frame_step step_out_of_handler(frame_place& place, Reach& reach) {
        const std::uintptr_t context = place.sp;
        if (context % word != 0 || !reach.holds(context + Machine::saved_pc)) return end;
        const std::uintptr_t sp = word_at(context + Machine::saved_sp);
        // No call brought us here: the instruction is the one that waits, not the one before.
        place.pc = word_at(context + Machine::saved_pc) + 1;
        place.fp = word_at(context + Machine::saved_fp);
        place.sp = sp;
        reach.begin_at(sp);
        return {true, true, 0};
    }

  public:
    // Of code without tables, that keeps frame pointers: there is no other hope.
    static constexpr unwind_row framed{Machine::framed_stack, -Machine::framed_stack,
                                       stack_rule::fp, fp_rule::at_stack};
};

}  // namespace fil
