#pragma once
// How far may the calling thread's stack be read?
//
// What unwind tables say is believed, but not what they lead to: a wrong one (assembly has them)
// must end the callstack, not the program. So the walk reads only the *reach*, from its stack
// pointer up to the end of the stack that it is on. Of a stack that the system made, that end is
// known (base/stack_ends.hpp), and that we are on it is shown once: no hole between here and there.
// On any other stack, of a fibre or of a signal handler, the reach grows page by page as the walk
// needs it, each page asked for by a system call; the memory of such a stack may be given back, so
// nothing of it is remembered.
//
// One object a thread, in zeroed memory. Hot path: no malloc, no throw, no lock; system calls only
// where a thread's stack is deeper than ever before, and on other stacks.

#include <cstdint>

#include "fil/base/inlining.hpp"
#include "fil/base/stack_ends.hpp"

namespace fil {

template <stack_ends Ends>
class stack_reach {
  public:
    // The thread is a new one.
    void begin_thread() { *this = {}; }

    // `sp` is the stack pointer of a frame of this thread.
    FIL_HOT void begin_at(std::uintptr_t sp) {
        begin_ = sp;
        if (is_on_own(sp)) [[likely]] {
            end_ = end_of_own_;
            grows_ = false;
        } else {
            find_stack(sp);
        }
    }

    // Whether it is known already to stand on the thread's own stack: then that is the reach, up to
    // its end.
    FIL_HOT bool is_on_own(std::uintptr_t sp) const { return sp - low_ < end_of_own_ - low_; }
    struct own_stack {
        std::uintptr_t end;
        FIL_HOT bool holds_until(std::uintptr_t wanted) const { return wanted <= end; }
    };
    FIL_HOT own_stack own() const { return {end_of_own_}; }

    // Whether the words before `end` may be read.
    FIL_HOT bool holds_until(std::uintptr_t end) {
        if (end <= end_) [[likely]]
            return true;
        return grows_ && grow(end);
    }
    // Whether the word at `place` may be read.
    FIL_HOT bool holds(std::uintptr_t place) {
        return place >= begin_ && place < ~std::uintptr_t{0} - word && holds_until(place + word);
    }

  private:
    static constexpr std::uintptr_t word = sizeof(std::uintptr_t);
    static constexpr std::uintptr_t page = 4096;
    static constexpr std::uintptr_t farthest = 16 << 20;  // that is looked for holes

    FIL_RARE void find_stack(std::uintptr_t sp) {
        const std::uintptr_t end = Ends::nearest_end(sp);
        if (end != 0 && is_unbroken(sp, end)) {
            end_ = end_of_own_;
            grows_ = false;
        } else {
            end_ = (sp & -page) + page;
            grows_ = true;
        }
    }

    // Whether there is memory all the way, in which case it is the thread's own stack.
    bool is_unbroken(std::uintptr_t sp, std::uintptr_t end) {
        if (end != end_of_own_) {
            end_of_own_ = end;
            low_ = end & -page;
            hole_ = 0;
        }
        if (sp < hole_ || low_ - sp > farthest) return sp >= low_ && sp < end;
        while (low_ > sp) {
            if (!Ends::is_readable(low_ - page)) {
                hole_ = low_;
                return false;
            }
            low_ -= page;
        }
        return true;
    }

    FIL_RARE bool grow(std::uintptr_t end) {
        if (end - end_ > farthest) return false;
        while (end_ < end) {
            if (!Ends::is_readable(end_)) return false;
            end_ += page;
        }
        return true;
    }

    std::uintptr_t low_;  // of the thread's own stack, as far as it was looked at
    std::uintptr_t end_of_own_;
    std::uintptr_t hole_;  // below it there is something else
    // Of the walk that is under way.
    std::uintptr_t begin_, end_;
    bool grows_;
};

}  // namespace fil
