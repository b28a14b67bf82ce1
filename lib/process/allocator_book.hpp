#pragma once
// What is known of the allocators inside this process whose blocks are seen: which ground each has,
// and how much of it is in use. For the supervisor, which looks how much of the ground is resident:
// the rest of that is the allocator's reserve.
//
// One object a process, at the same place in all its life; its address is a fact of the recording
// ("allocators"), and others read it through /proc. A forked child's copy is its parent's: `pid`
// says whose it is. Counting a change takes no lock; ground, which is rare, takes a spin lock.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fil/base/spin_lock.hpp"

namespace fil {

struct allocator_book {
    static constexpr std::uint32_t most = 8, most_grounds = 512, shards = 8;
    static constexpr std::uint64_t magic_word = 0x316b'6f6f'626c'6c61;  // "allbook1"

    struct alignas(64) shard {
        std::atomic<std::int64_t> live;
    };
    struct allocator {
        char name[64];
        shard shares[shards];  // of threads; the sum is meant
    };
    struct ground {
        std::uint64_t address, bytes, whose;  // whose: 1 is the first allocator
    };

    std::uint64_t magic;
    std::atomic<std::int32_t> pid;
    std::atomic<std::uint32_t> count;
    std::atomic<std::uint32_t> grounds_used;
    allocator allocators[most];
    ground grounds[most_grounds];
};

// The number of a new one, from 1 on; 0: there is no room.
std::uint32_t note_allocator(std::string_view name);

void note_ground(std::uint32_t allocator, std::uintptr_t address, std::size_t bytes);
void note_ground_went(std::uintptr_t address, std::size_t bytes);

// So many more bytes of its blocks are in use; `thread` tells threads apart.
void note_allocators_live(std::uint32_t allocator, std::int64_t change, std::uintptr_t thread);

extern constinit allocator_book allocators_here __attribute__((visibility("hidden")));

}  // namespace fil
