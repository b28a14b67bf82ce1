#pragma once
// Is the calling thread on its ordinary stack, or on a small alternate one, inside a signal
// handler?
//
// The system knows, but a system call for each event is too much. So a thread remembers the stretch
// of addresses on which it was found to be on its ordinary stack, and asks only outside of it, and
// where its alternate stack was said to be. A stack pointer that jumped far (a fibre) starts a new
// stretch. What this cannot see is an alternate stack installed later inside a remembered stretch,
// an array in a deep frame of main(), say: there, a capture takes as much stack as elsewhere.
//
// One object a thread, in zeroed memory. Hot path: no malloc, no throw, no lock.

#include <cstdint>

#include "fil/base/signal_stack.hpp"

namespace fil {

template <signal_stacks Stacks>
class ordinary_stack {
  public:
    // `here` is an address in the caller's frame.
    bool holds(std::uintptr_t here) {
        if (here - low_ <= high_ - low_ && here - alternate_begin_ >= alternate_bytes_) return true;
        const alternate_stack alternate = Stacks::of_this_thread();
        alternate_begin_ = alternate.begin;
        alternate_bytes_ = alternate.end - alternate.begin;
        if (alternate.active) return false;
        const bool near = here + reach > low_ && here < high_ + reach;
        if (!near) low_ = high_ = here;
        if (here < low_) low_ = here;
        if (here > high_) high_ = here;
        return true;
    }

  private:
    static constexpr std::uintptr_t reach = 256 * 1024;

    std::uintptr_t low_;
    std::uintptr_t high_;
    std::uintptr_t alternate_begin_;
    std::uintptr_t alternate_bytes_;
};

}  // namespace fil
