#pragma once
// A thread's last chain of frames, so that the next allocation interns only what changed.
//
// Kept root first: frame address, key and callstack of each frame. A key says where a frame stands,
// in whichever way the source has it: the address of an instruction, say. follow() walks from
// the newest frame until one stands in the remembered chain, then proves everything below
// unchanged. That proof is the cost of a deep stack, so it is made of *independent* loads: instead
// of chasing frame -> previous -> previous, entry i is checked against remembered entry i-1, whose
// address is known without waiting for memory. Each comparison that holds shows the next address to
// be a live frame before its loads count, so nothing dead is ever dereferenced.
//
//     remembered   1 ── 2 ── 3 ── 4 ── 5         the key of 3 changed, and 4's previous is not 3:
//     now          1 ── 2 ── 3'── 4 ── 5 ── 6    5 and 4 are walked as frames again
//
// Then the search goes on below them. Whatever changed below changes every callstack above it,
// however equal the frames look: 3, 4 and 5 are interned anew.
//
// The chain begins small and grows to the depth that the thread reaches. Should there be no memory
// for that, what is deeper is walked and interned every time: slow, not wrong.
//
// No proof is needed where the newest frame is the same *call* as last time: nothing below it can
// have moved. That is what its stamp says, where a runtime has a word for one: same_as_last() is
// that case. The rest is follow(), and, where more than one call or return happened, follow_anew().
//
// Zeroed memory is a valid, empty chain after the first forget(). One thread, no locks, hot: no
// allocation, no throw; growing takes pages.
#include <cstdint>
#include <cstring>

#include "fil.h"
#include "memory_reading.hpp"
#include "private_pages.hpp"

namespace fil::source_kit {

// Which frames of a chain cannot have moved since it was last looked at, so that nothing below them
// is compared. A runtime that knows nothing of the kind has none.
struct no_anchors {
    // The highest position, at most `highest`, whose frame has not returned; 0: none is known.
    std::uint32_t position(std::uint32_t) { return 0; }
    // The chain is proved to be the stack of now. `find(frame)` is a frame's position, or 0.
    template <typename Frames, typename Find>
    void update(const Frames&, Find) {}
    void forget() {}
};

// First: frames remembered before it grows, counted from the root. Scratch, a power of two: frames
// that are kept until their callers are known, of a stack that it could not grow for.
template <std::uint32_t First, std::uint32_t Scratch, typename Anchors = no_anchors,
          typename Pages = private_pages>
class remembered_chain {
    static_assert((Scratch & (Scratch - 1)) == 0);

  public:
    void forget() {
        if (entries_ == nullptr) {
            entries_ = first_entries_;
            callstacks_ = first_callstacks_;
            capacity_ = First;
        }
        last_.frame = nowhere;
        entries_[0].frame = nowhere;
        callstacks_[0] = FIL_CALLSTACK_UNKNOWN;
        count_ = 0;
        anchors_.forget();
    }

    // What the outermost frame stands on: the callstack of another chain, where a runtime has
    // several stacks and one runs on top of the other. "Unknown" after forget().
    void stand_on(fil_callstack root) {
        if (callstacks_[0] == root) return;
        forget();
        callstacks_[0] = root;
    }

    // Only frames whose key is one of `keys` from `first` on, and what stands on them.
    void forget_keys(std::uint64_t first, std::uint64_t keys) {
        // What has not returned keeps its code alive.
        std::uint32_t at = anchors_.position(count_);
        while (at < count_ && entries_[at + 1].key - first >= keys) ++at;
        if (at == count_ && last_.key - first >= keys) return;
        count_ = at;
        anchors_.position(count_);
        last_.frame = nowhere;
    }

    // The callstack of frame `top` if it is the same call as last time, at the same place; or
    // FIL_CALLSTACK_NONE. Frames reads a frame: previous(frame), key(frame), and whether it was
    // stamped in this very call: is_stamped(frame), stamp(frame). Stamps of callers stay while they
    // wait, if callers_stay_stamped. Hot path.
    template <typename Frames>
    [[gnu::always_inline]] inline fil_callstack same_as_last(address top,
                                                             const Frames& frames) const {
        if (last_.frame == top && last_.key == frames.key(top) && frames.is_stamped(top)) {
            return last_callstack_;
        }
        return FIL_CALLSTACK_NONE;
    }

    // The callstack of any frame `top`, which is not 0. `child(caller, frame, key)` interns one.
    template <typename Frames, typename Child>
    [[gnu::noinline]] fil_callstack follow(address top, Frames frames, Child child) {
        if (last_.frame == top && frames.is_stamped(top)) {
            if (last_.key == frames.key(top)) return last_callstack_;
            intern_changed(count_, count_, frames, child);
        } else {
            find_moved(top, frames, child);
            if (entries_[count_].frame != top) {  // deeper than what is remembered
                last_.frame = nowhere;
                return last_callstack_;
            }
            frames.stamp(top);
            anchors_.update(frames, [this](address frame) { return position_of(frame); });
        }
        last_ = entries_[count_];
        last_callstack_ = callstacks_[count_];
        if (last_callstack_ == FIL_CALLSTACK_UNKNOWN) last_.frame = nowhere;  // no function's
        return last_callstack_;
    }

    // After follow(): the stack of now, as far as it is remembered, from 1, the outermost frame.
    std::uint32_t count() const { return count_; }
    address frame(std::uint32_t at) const { return entries_[at].frame; }
    fil_callstack callstack(std::uint32_t at) const { return callstacks_[at]; }
    fil_callstack root() const { return callstacks_[0]; }

    // The newest call is looked at again next time: what it stands on may change meanwhile.
    void distrust_last() { last_.frame = nowhere; }

  private:
    struct entry {
        address frame;
        std::uint64_t key;
    };
    static constexpr std::uint32_t few_calls = 4;      // since the last allocation
    static constexpr std::ptrdiff_t few_callers = 64;  // that a debugger may have moved
    static constexpr address nowhere = ~address{0};    // no frame is there, and no frame's caller

    // Brings the chain up to date, and last_callstack_.
    template <typename Frames, typename Child>
    [[gnu::always_inline]] inline void find_moved(address top, const Frames& frames, Child child) {
        address called[few_calls];
        std::uint32_t calls = 0;
        address frame = top;
        std::uint32_t at = find(top, count_);
        while (at == 0 && calls != few_calls && frame != 0) {
            called[calls++] = frame;
            frame = frames.previous(frame);
            at = find(frame, count_);
        }
        std::uint32_t changed;
        if (at == 0 || prove(at, changed, frames) != 0) [[unlikely]] {
            last_callstack_ = follow_anew(top, frames, child);
            return;
        }
        intern_changed(changed, at, frames, child);
        count_ = at;
        fil_callstack callstack = callstacks_[at];
        while (calls != 0) {
            const address newer = called[--calls];
            const entry walked = {newer, frames.key(newer)};
            callstack = child(callstack, newer, walked.key);
            remember(walked, callstack);
        }
        last_callstack_ = callstack;
    }

    // The remembered position of a frame, at most `newest`, or 0.
    std::uint32_t find(address frame, std::uint32_t newest) const {
        if (entries_[newest].frame == frame) return newest;
        const std::uint32_t at = newest_at_[slot(frame)];
        return at <= newest && entries_[at].frame == frame ? at : 0;
    }

    // The position of a frame that is not far below the newest, or 0.
    std::uint32_t position_of(address frame) const {
        if (const std::uint32_t at = find(frame, count_)) return at;
        return search(frame, count_, 4096);  // some pieces of the data stack
    }

    // The same among the `most` entries up to `newest`, one by one.
    std::uint32_t search(address frame, std::uint32_t newest, std::uint32_t most) const {
        const std::uint32_t lowest = newest > most ? newest - most : 0;
        std::uint32_t at = newest;
        while (at != lowest && entries_[at].frame != frame) --at;
        return at != lowest ? at : 0;
    }

    // Compares the live frame at entry `at` and what stands below it with what is remembered, down
    // to a frame whose callers cannot have moved. Sets `changed` to the lowest entry whose key
    // differs, or at + 1. Returns 0, or the entry whose previous frame is not the remembered one.
    template <typename Frames>
    std::uint32_t prove(std::uint32_t at, std::uint32_t& changed, const Frames& frames) {
        const std::uint32_t fixed = anchors_.position(at);
        return fixed == 0 ? prove_down_to<false>(0, at, changed, frames)
                          : prove_down_to<true>(fixed, at, changed, frames);
    }

    template <bool HasFixed, typename Frames>
    [[gnu::always_inline]] std::uint32_t prove_down_to(std::uint32_t fixed, std::uint32_t at,
                                                       std::uint32_t& changed,
                                                       const Frames& frames) const {
        const auto may_end = [&](const entry* here) {
            return (HasFixed && here == entries_ + fixed) ||
                   (Frames::callers_stay_stamped && entries_ + at - here >= few_callers &&
                    frames.is_stamped(here->frame));
        };
        const entry* here = entries_ + at;
        const entry* lowest = frames.key(here->frame) != here->key ? here : here + 1;
        address previous = frames.previous(here->frame);
        while (previous == here[-1].frame) {
            if (may_end(here)) {
                changed = static_cast<std::uint32_t>(lowest - entries_);
                return 0;
            }
            --here;
            if (frames.key(here->frame) != here->key) [[unlikely]] {
                lowest = here;
                asm volatile("");  // a branch: what follows need not wait for all comparisons
            }
            previous = frames.previous(here->frame);
        }
        changed = static_cast<std::uint32_t>(lowest - entries_);
        // Entry 0 equals no frame, so the loop ends there at the latest.
        if (previous == 0 && here == entries_ + 1) [[likely]]
            return 0;
        return static_cast<std::uint32_t>(here - entries_);
    }

    template <typename Frames, typename Child>
    void intern_changed(std::uint32_t lowest, std::uint32_t highest, const Frames& frames,
                        Child child) {
        for (std::uint32_t i = lowest; i <= highest; ++i) {
            entries_[i].key = frames.key(entries_[i].frame);
            callstacks_[i] = child(callstacks_[i - 1], entries_[i].frame, entries_[i].key);
        }
    }

    // The same for any change.
    template <typename Frames, typename Child>
    [[gnu::noinline]] fil_callstack follow_anew(address top, Frames frames, Child child) {
        std::uint32_t walked;
        count_ = find_known(top, walked, frames, child);
        anchors_.position(count_);  // drops those above
        if (walked > capacity_ - count_) grow(walked);

        // The second walk, now that the place of each frame is known.
        address frame = top;
        const std::uint32_t base = count_;
        for (std::uint32_t at = base + walked; at != base; --at) {
            if (at <= capacity_) entries_[at] = {frame, frames.key(frame)};
            frame = frames.previous(frame);
        }
        fil_callstack callstack = callstacks_[base];
        const std::uint32_t room = capacity_ - base;
        const std::uint32_t kept = walked < room ? walked : room;
        for (std::uint32_t i = 0; i != kept; ++i) {
            const entry next = entries_[count_ + 1];
            callstack = child(callstack, next.frame, next.key);
            remember(next, callstack);
        }
        return kept == walked ? callstack
                              : intern_rest(top, walked - kept, callstack, frames, child);
    }

    // Finds the newest frame below which all is as remembered, brings its entry up to date, and
    // returns that; 0 if there is none. `walked`: how many frames stand on it.
    template <typename Frames, typename Child>
    std::uint32_t find_known(address top, std::uint32_t& walked, const Frames& frames,
                             Child child) {
        std::uint32_t newest = count_;  // entries above it are of no more use
        address frame = top;
        for (walked = 0; frame != 0;) {
            std::uint32_t at = find(frame, newest);
            // Where many calls have returned, the slots of their callers name them still.
            if (at == 0 && walked % 64 == 63) at = search(frame, newest, 16 * walked);
            if (at == 0) {
                ++walked;
                frame = frames.previous(frame);
                continue;
            }
            std::uint32_t changed;
            const std::uint32_t broken = prove(at, changed, frames);
            if (broken == 0) {
                intern_changed(changed, at, frames, child);
                return at;
            }
            walked += at - broken + 1;
            frame = frames.previous(entries_[broken].frame);
            newest = broken - 1;
        }
        return 0;
    }

    // Interns the newest `left` frames, which there is no room to remember. Scratch holds those of
    // them that are nearest to the root; for the others they are walked again, a scratch full at a
    // time.
    template <typename Frames, typename Child>
    fil_callstack intern_rest(address top, std::uint32_t left, fil_callstack callstack,
                              const Frames& frames, Child child) {
        while (left != 0) {
            address frame = top;
            for (std::uint32_t i = 0; i != left; ++i, frame = frames.previous(frame)) {
                scratch_[i & (Scratch - 1)] = frame;
            }
            for (std::uint32_t n = left < Scratch ? left : Scratch; n != 0; --n) {
                const address next = scratch_[--left & (Scratch - 1)];
                callstack = child(callstack, next, frames.key(next));
            }
        }
        return callstack;
    }

    // Makes room for `more` frames above entry count_, if there is memory.
    [[gnu::noinline]] void grow(std::uint32_t more) {
        std::uint64_t wanted = capacity_;
        while (wanted < std::uint64_t{count_} + more) wanted *= 2;
        if (wanted > most) return;
        const auto capacity = static_cast<std::uint32_t>(wanted);
        void* const fresh = Pages::map(bytes_of(capacity));
        if (fresh == nullptr) return;
        auto* const entries = static_cast<entry*>(fresh);
        auto* const callstacks = reinterpret_cast<fil_callstack*>(entries + capacity + 1);
        std::memcpy(entries, entries_, (count_ + 1) * sizeof(entry));
        std::memcpy(callstacks, callstacks_, (count_ + 1) * sizeof(fil_callstack));
        if (entries_ != first_entries_) Pages::unmap(entries_, bytes_of(capacity_));
        entries_ = entries;
        callstacks_ = callstacks;
        capacity_ = capacity;
    }

    static constexpr std::uint32_t most = 1u << 28;
    static std::size_t bytes_of(std::uint32_t capacity) {
        return (std::size_t{capacity} + 1) * (sizeof(entry) + sizeof(fil_callstack));
    }

    void remember(const entry& walked, fil_callstack callstack) {
        if (count_ == capacity_) [[unlikely]] {
            grow(1);
            if (count_ == capacity_) return;
        }
        ++count_;
        entries_[count_] = walked;
        callstacks_[count_] = callstack;
        newest_at_[slot(walked.frame)] = count_;
    }

    static constexpr std::uint32_t slots = 2048;
    static std::uint32_t slot(address frame) {
        return ((frame >> 4) ^ (frame >> 15)) & (slots - 1);
    }

    // The newest entry and its callstack once more, side by side for the usual case.
    entry last_;
    fil_callstack last_callstack_;

    // Entry 0 is the outside: no frame, callstack "unknown".
    std::uint32_t count_;
    std::uint32_t capacity_;  // without entry 0
    entry* entries_;          // the first ones, or what it has outgrown them for
    fil_callstack* callstacks_;
    Anchors anchors_;
    std::uint32_t newest_at_[slots];
    entry first_entries_[First + 1];
    fil_callstack first_callstacks_[First + 1];
    address scratch_[Scratch];
};

}  // namespace fil::source_kit
