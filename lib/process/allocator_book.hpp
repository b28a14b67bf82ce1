#pragma once
// What others are to know of this process's memory: where its blocks and mappings are listed, and
// which ranges are the *ground* that the allocators inside it cut blocks from. The supervisor reads
// it, and looks how much of the ground is resident: what is in no block is the allocator's reserve.
//
// One object a process, at the same place in all its life; its address is a fact of the recording
// ("allocators"), and others read it through /proc. A forked child goes on with its parent's
// ground, which is its own as well. Ground, which is rare, takes a spin lock.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fil/base/spin_lock.hpp"

namespace fil {

struct allocator_book {
    static constexpr std::uint32_t most = 32, most_grounds = 4096;
    static constexpr std::uint64_t magic_word = 0x356b'6f6f'626c'6c61;  // "allbook5"
    static constexpr std::uint32_t of_runtime = 1;  // of its small objects: the first
    static constexpr std::uint32_t of_malloc = 2;   // that our hooks stand before

    struct allocator {
        char name[64];
        std::uint64_t is_untold;  // nobody tells of its blocks, so its ground is counted
    };
    struct ground {
        std::uint64_t address, bytes, whose;  // whose: 1 is the first allocator
    };

    std::uint64_t magic;
    std::atomic<std::int32_t> pid;
    std::atomic<std::uint32_t> count;
    std::atomic<std::uint32_t> grounds_used;
    std::uint64_t registry;  // where it is (registry_reader.hpp)
    std::uint64_t mappings;  // their head (mapping_reader.hpp)
    allocator allocators[most];
    ground grounds[most_grounds];
};

// A process that records, or its forked child: says where its blocks and mappings are.
void begin_book(const void* registry, const void* mappings);

// Its number, from 3 on; 0: there is no room. One of the same name, whose library was closed and
// opened again, has the same.
std::uint32_t note_allocator(std::string_view name, bool tells_of_blocks);

void note_ground(std::uint32_t allocator, std::uintptr_t address, std::size_t bytes);
void note_ground_went(std::uintptr_t address, std::size_t bytes);

extern constinit allocator_book allocators_here __attribute__((visibility("hidden")));

}  // namespace fil
