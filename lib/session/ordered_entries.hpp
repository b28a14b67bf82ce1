#pragma once
// The entries of all rings of a traced process, in the order of their numbers.
//
// Each ring is in order by itself; between them some wait for one of another ring. What is too far
// ahead stays in its ring (so its thread waits in the end), and a number that never comes (its
// thread was killed, or jumped out of a signal handler, between taking it and writing) is given up
// by who asks for it. Takes what a program may have scribbled over: nothing leaves the ring.
// Cold; one thread.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "process/trace_rings.hpp"

namespace fil {

struct ordered_entry {
    trace_entry entry;
    std::uint64_t bytes;
    std::uint32_t thread;
    bool is_there;
};

class ordered_entries {
  public:
    struct ring {
        trace_ring* memory;
        std::uint32_t entries;
        std::uint32_t thread = 0;
        std::uint64_t size = 0;  // of the next one
    };

    void add_ring(trace_ring* memory, std::uint32_t entries) {
        rings_.push_back({memory, entries});
    }
    std::size_t rings() const { return rings_.size(); }

    // apply(entry) for each that is next, until there is none or `most` are done; how many.
    template <typename Apply>
    std::uint64_t take(std::uint64_t most, Apply&& apply) {
        std::uint64_t done = 0;
        for (bool goes_on = true; goes_on && done < most;) {
            goes_on = false;
            for (ring& one : rings_) {
                const std::uint64_t before = done;
                if (take_of(one, most, done, apply)) goes_on = true;
                if (done != before) goes_on = true;
            }
        }
        return done;
    }

    // There are entries, and the next is not among them.
    bool waits() const {
        if (waiting_ != 0) return true;
        for (const ring& one : rings_)
            if (one.memory->written.load(std::memory_order_acquire) !=
                one.memory->taken.load(std::memory_order_relaxed))
                return true;
        return false;
    }
    // It will not come. How many were given up.
    template <typename Apply>
    std::uint64_t give_up(Apply&& apply) {
        std::uint64_t lost = 0;
        while (waiting_ != 0 && !window_[next_ & mask].is_there) {
            ++next_;
            ++lost;
        }
        if (waiting_ == 0) {  // those in the rings are too far ahead
            std::uint64_t nearest = ~std::uint64_t{0};
            for (const ring& one : rings_) {
                const std::uint64_t at = one.memory->taken.load(std::memory_order_relaxed);
                if (at != one.memory->written.load(std::memory_order_acquire))
                    nearest = std::min(nearest, number_of(entry_at(one, at)));
            }
            if (nearest != ~std::uint64_t{0} && nearest > next_) {
                lost += nearest - next_;
                next_ = nearest;
            }
        }
        go_on(apply);
        return lost;
    }
    std::uint64_t late() const { return late_; }
    std::uint64_t next() const { return next_; }

  private:
    static constexpr std::size_t most_waiting = 1 << 18, mask = most_waiting - 1;
    static std::uint64_t number_of(const trace_entry& entry) { return entry.order >> 24; }

    static trace_entry entry_at(const ring& one, std::uint64_t at) {
        return one.memory->first[at & (one.entries - 1)];
    }

    template <typename Apply>
    bool take_of(ring& one, std::uint64_t most, std::uint64_t& done, Apply&& apply) {
        std::uint64_t at = one.memory->taken.load(std::memory_order_relaxed);
        const std::uint64_t begin = at;
        const std::uint64_t end = one.memory->written.load(std::memory_order_acquire);
        for (; at != end && done < most; ++at) {
            const trace_entry entry = entry_at(one, at);
            const std::uint64_t number = number_of(entry);
            if (number >= next_ + most_waiting) break;
            ordered_entry made{entry, entry.what & 0xffff'ffff, one.thread, true};
            const auto kind = static_cast<trace_entry_kind>(entry.order & 7);
            if (kind == trace_entry_kind::thread)
                one.thread = static_cast<std::uint32_t>(entry.place);
            const bool is_touched = (entry.order >> 3 & 31) != 0;  // of `size`
            if (kind == trace_entry_kind::size && is_touched)
                made.bytes = entry.what;
            else if (kind == trace_entry_kind::size)
                one.size = entry.what;
            else if (made.bytes == trace_size_apart)
                made.bytes = one.size;
            if (number == next_) {
                apply(made);
                ++next_;
                ++done;
                if (waiting_ != 0) done += go_on(apply);
            } else if (number > next_) {
                if (window_.empty()) window_.resize(most_waiting);
                waiting_ += window_[number & mask].is_there ? 0 : 1;
                window_[number & mask] = made;
            } else {
                ++late_;
            }
        }
        one.memory->taken.store(at, std::memory_order_release);
        return at != begin;
    }

    template <typename Apply>
    std::uint64_t go_on(Apply&& apply) {
        std::uint64_t done = 0;
        while (waiting_ != 0 && window_[next_ & mask].is_there) {
            ordered_entry& one = window_[next_ & mask];
            one.is_there = false;
            --waiting_;
            apply(one);
            ++next_;
            ++done;
        }
        return done;
    }

    std::vector<ring> rings_;
    std::vector<ordered_entry> window_;
    std::uint64_t next_ = 0, waiting_ = 0, late_ = 0;
};

}  // namespace fil
