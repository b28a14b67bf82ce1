// An allocator that looks at what it is given by another one: is it aligned, is it nobody else's,
// is it zero where that was asked for, does realloc keep it, does a freed block ever come again?
//
// A block's first bytes are its mark, made from where it is and how large, and taken out when it
// goes: a block that was given twice, or over another, has lost its mark when it goes. For a replay
// in which nothing is timed, since it reads and writes each block. Any number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>

namespace fil::replay_driver {

struct block_faults {
    std::atomic<std::uint64_t> misaligned{0}, overwritten{0}, not_zeroed{0};
    std::atomic<std::uint64_t> released{0}, wanted_again{0}, came_again{0};
    // The freed block of each hash that went last.
    static constexpr std::size_t remembered = 1 << 16;
    std::atomic<std::uintptr_t> gone[remembered]{};
    // How many freed ones there are of each size, by its hash: who asks for that size could have
    // one.
    static constexpr std::size_t sizes = 1 << 12;
    std::atomic<std::int64_t> gone_of_size[sizes]{};

    std::atomic<std::int64_t>& gone_of(std::uint64_t bytes) {
        return gone_of_size[hash(nullptr, bytes) >> 52];
    }

    std::atomic<std::uintptr_t>& last_gone(const void* block) { return gone[hash(block, 0) >> 48]; }
    static std::uint64_t hash(const void* block, std::uint64_t bytes) {
        return (reinterpret_cast<std::uintptr_t>(block) + bytes) * 0x9e37'79b9'7f4a'7c15 | 1;
    }
};
inline block_faults found_faults;

template <typename Allocator>
struct checked : Allocator {
    void* allocate(std::size_t bytes, std::size_t alignment) {
        void* block = Allocator::allocate(bytes, alignment);
        // Malloc's own promise: for whatever fits in there.
        const std::size_t least = std::min<std::size_t>(std::bit_floor(bytes | 1), 16);
        return came(block, bytes, std::max(alignment, least));
    }
    void* allocate_zeroed(std::size_t bytes) {
        void* block = Allocator::allocate_zeroed(bytes);
        if (block != nullptr && bytes > 0) {
            const auto* content = static_cast<const volatile unsigned char*>(block);
            if ((content[0] | content[bytes / 2] | content[bytes - 1]) != 0)
                ++found_faults.not_zeroed;
        }
        return came(block, bytes, 1);
    }
    void* reallocate(void* block, std::size_t before, std::size_t bytes) {
        const std::size_t kept = std::min({before, bytes, sizeof(std::uint64_t)});
        const std::uint64_t mark = block_faults::hash(block, before);
        const bool had_mark = has_mark(block, before);
        void* fresh = Allocator::reallocate(block, before, bytes);
        if (fresh == nullptr) return nullptr;
        if (!had_mark || std::memcmp(fresh, &mark, kept) != 0) ++found_faults.overwritten;
        return came(fresh, bytes, 1);
    }
    void release(void* block, std::size_t bytes) {
        if (!has_mark(block, bytes)) ++found_faults.overwritten;
        std::memset(block, 0, std::min(bytes, sizeof(std::uint64_t)));
        found_faults.last_gone(block) = reinterpret_cast<std::uintptr_t>(block);
        ++found_faults.gone_of(bytes);
        ++found_faults.released;
        Allocator::release(block, bytes);
    }

  private:
    static bool has_mark(const void* block, std::size_t bytes) {
        const std::uint64_t mark = block_faults::hash(block, bytes);
        return std::memcmp(block, &mark, std::min(bytes, sizeof mark)) == 0;
    }
    static void* came(void* block, std::size_t bytes, std::size_t alignment) {
        if (block == nullptr) return nullptr;
        if (reinterpret_cast<std::uintptr_t>(block) % alignment != 0) ++found_faults.misaligned;
        if (found_faults.gone_of(bytes) > 0) {
            --found_faults.gone_of(bytes);
            ++found_faults.wanted_again;
        }
        if (found_faults.last_gone(block) == reinterpret_cast<std::uintptr_t>(block))
            ++found_faults.came_again;
        const std::uint64_t mark = block_faults::hash(block, bytes);
        std::memcpy(block, &mark, std::min(bytes, sizeof mark));
        return block;
    }
};

}  // namespace fil::replay_driver
