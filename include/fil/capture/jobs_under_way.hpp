#pragma once
// The jobs that a pool's thread is in, and for whom each was found to be: where a job waits, its
// thread may run another, further in. By the place of each one's landmark on the stack.
//
// Its thread writes, any thread reads: a reader that comes between two words of an entry may take
// an asker for that of the job before. Hot path: no lock, no allocation, no throw.

#include <atomic>
#include <cstdint>

#include "fil/base/ids.hpp"

namespace fil {

class jobs_under_way {
  public:
    // The job that was entered at this place works for the asker. Those further in have ended.
    void add(std::uintptr_t mark, callstack_id asker) {
        std::uint32_t at = 0;
        while (at != most && all_[at].mark.load(std::memory_order_relaxed) > mark) ++at;
        if (at == most) return;
        all_[at].asker.store(asker, std::memory_order_relaxed);
        all_[at].mark.store(mark, std::memory_order_relaxed);
        forget(at + 1);
    }

    // Of the job in which this place of the stack is; none: not known.
    callstack_id around(std::uintptr_t place) const {
        callstack_id found = callstack_id::none;
        for (const job& each : all_) {
            if (each.mark.load(std::memory_order_relaxed) <= place) break;
            found = each.asker.load(std::memory_order_relaxed);
        }
        return found;
    }

    // All but the outermost ones.
    void forget(std::uint32_t from = 0) {
        for (; from != most; ++from) all_[from].mark.store(0, std::memory_order_relaxed);
    }

  private:
    static constexpr std::uint32_t most = 8;
    struct job {
        std::atomic<std::uintptr_t> mark{0};
        std::atomic<callstack_id> asker{callstack_id::none};
    };
    job all_[most];  // the outermost first
};

}  // namespace fil
