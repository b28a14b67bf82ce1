#pragma once
// Blocks that outlived the call in which they were made: a pool's own, and results. The next time
// that the same line calls a library they look as if they had just been made, and they stand on
// every worker's stack; but no job's asker can be told by them.
//
// Of the blocks to which evidence led, the last ones are remembered. Each answer looks at a few:
// does it still live, while nobody is in that call? A block that came in its place meanwhile has
// another callstack, or is noticed too late: then that evidence is passed over for a while. Any
// thread; no locks. Hot path: no allocation, no throw.

#include <atomic>
#include <cstdint>

#include "fil/base/hash.hpp"
#include "fil/base/ids.hpp"

namespace fil {

class outlived_blocks {
  public:
    static constexpr std::uint32_t looks_at_once = 4;

    // This word leads to a block of that callstack. Has it outlived its call?
    bool meets(std::uintptr_t word, callstack_id made) {
        entry& known = all_[mix(word) >> 56];
        const std::uint32_t state = known.state.load(std::memory_order_relaxed);
        if (known.word.load(std::memory_order_relaxed) == word && state >> 1 == to_index(made))
            return (state & 1) != 0;
        known.state.store(to_index(made) << 1, std::memory_order_relaxed);
        known.word.store(word, std::memory_order_relaxed);
        return false;
    }

    // made_now(word): the callstack of the block to which it leads. is_under_way(callstack).
    template <typename MadeNow, typename IsUnderWay>
    void look(MadeNow made_now, IsUnderWay is_under_way) {
        std::uint32_t at = next_.fetch_add(looks_at_once, std::memory_order_relaxed);
        for (std::uint32_t i = 0; i != looks_at_once; ++i, ++at) {
            entry& known = all_[at % count];
            const std::uintptr_t word = known.word.load(std::memory_order_relaxed);
            if (word == 0) continue;
            const std::uint32_t state = known.state.load(std::memory_order_relaxed);
            const callstack_id made{state >> 1};
            if (made_now(word) != made) {
                known.word.store(0, std::memory_order_relaxed);
            } else if ((state & 1) == 0 && !is_under_way(made)) {
                known.state.store(state | 1, std::memory_order_relaxed);
            }
        }
    }

  private:
    static constexpr std::uint32_t count = 256;
    struct entry {
        std::atomic<std::uintptr_t> word{0};
        std::atomic<std::uint32_t> state{0};  // the callstack, and whether it has outlived
    };
    entry all_[count];
    std::atomic<std::uint32_t> next_{0};
};

}  // namespace fil
