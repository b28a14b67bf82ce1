#pragma once
// Who asked for the job that a pool's thread runs? What is on the thread's stack says: the job
// holds an address of the asker's stack, or of a block that the asker has just made.
//
//     stack pointer ─ ... job's frames ... ─ landmark ─ loop's frame ─ ... ─ end of the stack
//
// The first that leads to an asker counts, of: what the job's frames keep of registers, since that
// was written by who runs now; the slot where this loop keeps its job; all words of the job's
// frames, from the landmark inward; the loop's frame. Where a job waits it may run another, so
// there may be several landmarks: the innermost is asked first. Without any: all, from the end of
// the stack inward. A landmark may stand in a dead part of a frame, so where there are two, the
// frames are asked (is_frame).
//
// Bounded: so many words for an answer, however many stacks it leads through. One thread; no locks.
// Hot path: no allocation, no throw.

#include <cstddef>
#include <initializer_list>
#include <span>

#include "fil/base/ids.hpp"
#include "fil/capture/pool_landmarks.hpp"

namespace fil {

// Which words count: addresses of the askers' stacks alone; of those of pools' threads, and where
// blocks begin, too; or inside of blocks, which are the pool's own more often.
enum class evidence { stack, sure, any };

class job_search {
  public:
    static constexpr std::uint32_t most_words = 8192, deepest = 8;

    explicit job_search(pool_landmarks& landmarks) : landmarks_(landmarks) {}

    struct mark {
        landmark* of = nullptr;
        std::uintptr_t at = 0;
    };

    // The innermost of the stack from..end, both at multiples of 8. is_frame(place): is there a
    // return address?
    template <typename IsFrame>
    mark find_mark(std::uintptr_t from, std::uintptr_t end, IsFrame is_frame) {
        const mark first = next_mark(from, end);
        if (first.of == nullptr) return first;
        mark next = next_mark(first.at + word_bytes, end);
        if (next.of == nullptr || is_frame(first.at)) return first;
        while (next.of != nullptr && !is_frame(next.at))
            next = next_mark(next.at + word_bytes, end);
        return next.of != nullptr ? next : first;
    }

    // leads_to(word, evidence): the asker's callstack, or none.
    template <typename LeadsTo>
    callstack_id asker(const mark& innermost, std::uintptr_t from, std::uintptr_t end,
                       LeadsTo leads_to) {
        const auto first = [&](auto search) {
            const auto by = [&](evidence how) {
                return search([&](std::uintptr_t at) { return leads_to(stack_word(at), how); });
            };
            const callstack_id found = by(evidence::sure);
            return found != callstack_id::none ? found : by(evidence::any);
        };
        if (innermost.of == nullptr)
            return first([&](auto leads) { return first_inward(end, from, leads); });
        callstack_id found = callstack_id::none;
        std::uintptr_t inner = from;
        for (mark m = innermost; m.of != nullptr && found == callstack_id::none;
             inner = m.at, m = next_mark(m.at + word_bytes, end)) {
            found = in_slot(m, inner, end, leads_to);
            if (found == callstack_id::none)
                found = first([&](auto leads) { return first_inward(m.at, inner, leads); });
            if (found == callstack_id::none)
                found = first([&](auto leads) { return in_loop(m, end, leads); });
        }
        return found;
    }

    // What the job's frames keep (thread_frames.hpp), innermost first. Whose a stack is is certain;
    // whose a block is was an answer like this one, where a pool's thread made it.
    template <typename LeadsTo>
    static callstack_id kept_asker(std::span<const std::uintptr_t> words, LeadsTo leads_to) {
        for (const evidence how : {evidence::stack, evidence::sure, evidence::any}) {
            for (const std::uintptr_t word : words) {
                const callstack_id found = leads_to(word, how);
                if (found != callstack_id::none) return found;
            }
        }
        return callstack_id::none;
    }

  private:
    static constexpr std::size_t word_bytes = sizeof(std::uintptr_t);

    bool may_read() { return words_left_ != 0 && words_left_-- != 0; }

    mark next_mark(std::uintptr_t at, std::uintptr_t end) {
        for (; at < end && may_read(); at += word_bytes) {
            if (landmark* found = landmarks_.find(stack_word(at))) return {found, at};
        }
        return {};
    }

    template <typename LeadsTo>
    callstack_id in_slot(const mark& mark, std::uintptr_t from, std::uintptr_t end,
                         LeadsTo leads_to) {
        const int offset = mark.of->slot.offset();
        const std::uintptr_t at = mark.at + offset * std::intptr_t{word_bytes};
        if (offset == 0 || at < from || at >= end) return callstack_id::none;
        return leads_to(stack_word(at), evidence::any);
    }

    template <typename Leads>
    callstack_id first_inward(std::uintptr_t at, std::uintptr_t from, Leads leads) {
        callstack_id found = callstack_id::none;
        while (found == callstack_id::none && at > from && may_read())
            found = leads(at -= word_bytes);
        return found;
    }

    template <typename Leads>
    callstack_id in_loop(const mark& mark, std::uintptr_t end, Leads leads) {
        std::uintptr_t at = mark.at + word_bytes;
        const std::uintptr_t bytes = mark.of->frame_bytes.load(std::memory_order_relaxed);
        const std::uintptr_t loop_end = end - at < bytes ? end : at + bytes;
        callstack_id found = callstack_id::none;
        for (; found == callstack_id::none && at < loop_end && may_read(); at += word_bytes)
            found = leads(at);
        return found;
    }

    pool_landmarks& landmarks_;
    std::uint32_t words_left_ = most_words;
};

}  // namespace fil
