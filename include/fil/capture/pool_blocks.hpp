#pragma once
// Blocks that are a pool's own: whatever its threads keep while they wait for work, and what is
// written in that. The line whose call began the pool made them, so while that call lasts they look
// as if they were a job's; and each job's frames keep some.
//
// Those that were seen lately are remembered: a pool's are seen again and again. Any thread; no
// locks. Hot path: no allocation, no throw.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>

#include "fil/base/hash.hpp"
#include "fil/base/ids.hpp"

namespace fil {

class pool_blocks {
  public:
    struct block {
        std::uintptr_t begin = 0;
        std::uint64_t bytes = 0;
        callstack_id made = callstack_id::none;
    };
    static constexpr std::uint32_t most_read = 16, most_words = 64, deepest = 2;
    static constexpr std::uint64_t most_bytes = 8192;  // of a block; longer ones are data

    // What a thread keeps as it waits. find(word): the block around it, or one that none made.
    // read(from, words): how many of the words it could read.
    template <typename Find, typename Read>
    void note(std::span<const std::uintptr_t> kept, Find find, Read read) {
        rounds_.fetch_add(1, std::memory_order_relaxed);
        block reached[most_read];
        std::uint32_t depths[most_read];
        std::uint32_t count = 0;
        const auto reach = [&](std::uintptr_t word, std::uint32_t depth) {
            const block found = find(word);
            if (found.made == callstack_id::none || found.bytes > most_bytes) return;
            mark(found);
            for (std::uint32_t i = 0; i != count; ++i) {
                if (reached[i].begin == found.begin) return;
            }
            if (depth == deepest || count == most_read) return;
            depths[count] = depth;
            reached[count++] = found;
        };
        for (const std::uintptr_t word : kept) reach(word, 0);
        std::uintptr_t words[most_words];
        for (std::uint32_t i = 0; i != count; ++i) {
            const std::uint64_t whole = reached[i].bytes / sizeof words[0];
            const auto wanted =
                static_cast<std::size_t>(std::min<std::uint64_t>(whole, most_words));
            const std::size_t had = read(reached[i].begin, std::span(words, wanted));
            for (std::size_t j = 0; j != had; ++j) reach(words[j], depths[i] + 1);
        }
    }

    bool holds(std::uintptr_t begin, callstack_id made) const {
        const entry& known = all_[mix(begin) >> 54];
        return known.begin.load(std::memory_order_relaxed) == begin &&
               known.made.load(std::memory_order_relaxed) == made &&
               rounds_.load(std::memory_order_relaxed) -
                       known.round.load(std::memory_order_relaxed) <
                   lately;
    }

  private:
    static constexpr std::uint32_t lately = 256, count_of_all = 1024;
    struct entry {
        std::atomic<std::uintptr_t> begin{0};
        std::atomic<callstack_id> made{callstack_id::none};
        std::atomic<std::uint32_t> round{0};
    };

    void mark(const block& found) {
        entry& one = all_[mix(found.begin) >> 54];
        one.made.store(found.made, std::memory_order_relaxed);
        one.round.store(rounds_.load(std::memory_order_relaxed), std::memory_order_relaxed);
        one.begin.store(found.begin, std::memory_order_relaxed);
    }

    std::atomic<std::uint32_t> rounds_{0};
    entry all_[count_of_all];
};

}  // namespace fil
