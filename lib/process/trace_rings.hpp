#pragma once
// What a traced process and its supervisor share, in the process's recording: a root, and a ring of
// events for each set of usage counters (so for each thread, while it lasts).
//
// The process writes entries and `written`, the supervisor (lib/session/trace_recorder.hpp) takes
// them and writes `taken`. Each entry has the next number of one counter for the whole process,
// taken after the block came and before it goes: so numbers are an order in which no block goes
// before it came, and they show where one is missing. Found by a fact, "trace", with the root's
// page; a usage set knows the page of its ring. A reader checks all of it (view.hpp).
//
// Hot: no allocation, no throw.

#include <atomic>
#include <bit>
#include <cstdint>

#include "fil/recording/layout.hpp"

namespace fil {

inline constexpr const char* trace_fact = "trace";
inline constexpr std::uint64_t trace_magic = 0x3165'6361'7274'6c66;  // "fltrace1"

enum class trace_entry_kind : std::uint8_t {
    block_came = 0,
    block_went = 1,
    mapping_came = 2,
    mapping_went = 3,
    thread = 4,     // from here on this ring is of the thread with that number
    size = 5,       // of the next block or mapping: it does not fit in there; or what was touched
    not_moved = 6,  // realloc only freed: what went does not come again
    range_went = 7  // of an arena of a runtime's allocator, perhaps
};
// Beside the kind: of a block, these; of a mapping, its mapping_kind or `runtime_arena`.
inline constexpr unsigned trace_moved = 1;       // went: by realloc, it will come again
inline constexpr unsigned trace_zeroed = 2;      // came: by calloc
inline constexpr unsigned trace_of_runtime = 4;  // came: from an allocator of a runtime's
inline constexpr unsigned trace_runtime_arena = 15;
// Beside `size`: so many bytes are resident of the block, or of mappings, at that place.
inline constexpr unsigned trace_touched_block = 1, trace_touched_mapping = 2;
// Of what is so large that is asked, when it goes: a system call. Smaller blocks share their pages.
inline constexpr std::uint64_t trace_large = 128 << 10;

struct trace_entry {
    std::uint64_t order;  // number << 24 | low 16 bits of the clock << 8 | about << 3 | kind
    std::uint64_t place;  // log2 of the alignment << 58 | address
    std::uint64_t what;   // callstack << 32 | bytes, or ~0 for those of a `size` before it
};
inline constexpr std::uint64_t trace_order_step = 1 << 24;
constexpr std::uint32_t trace_clock_of(std::uint32_t milliseconds) {
    return (milliseconds & 0xffff) << 8;
}
inline constexpr std::uint64_t trace_place_bits = 58;
inline constexpr std::uint32_t trace_size_apart = ~std::uint32_t{0};

struct trace_ring {
    alignas(64) std::atomic<std::uint64_t> written;
    std::uint64_t room_until;  // so many may be written, as the writer saw it last
    std::uint32_t thread;
    std::uint32_t mask;  // of an entry's place; there are a power of two
    alignas(64) std::atomic<std::uint64_t> taken;
    alignas(64) trace_entry first[1];
};

// The first rings are large, for few threads that are fast; many threads have small ones.
constexpr std::uint32_t entries_of_ring(std::uint32_t number) {
    return number < 1 ? 1u << 19 : number < 4 ? 1u << 16 : number < 32 ? 1u << 14 : 1u << 11;
}
constexpr std::uint32_t pages_of_ring(std::uint32_t number) {
    const std::uint64_t bytes =
        offsetof(trace_ring, first) + sizeof(trace_entry) * std::uint64_t{entries_of_ring(number)};
    return static_cast<std::uint32_t>((bytes + recording_page - 1) / recording_page);
}
inline constexpr std::uint32_t max_trace_rings = 1000;

struct trace_root {
    std::uint64_t magic;
    std::atomic<std::uint32_t> clock;    // as in an entry; the supervisor's
    std::atomic<std::uint32_t> gave_up;  // 1: the supervisor took nothing for too long
    std::atomic<std::uint32_t> rings;
    std::atomic<std::uint32_t> threads;            // how many numbers of threads were given
    std::atomic<std::uint64_t> lost;               // events for which there was no room
    alignas(64) std::atomic<std::uint64_t> order;  // of the next entry
    alignas(64) std::atomic<page_number> ring[max_trace_rings];
};
inline constexpr std::uint32_t trace_root_pages =
    (sizeof(trace_root) + recording_page - 1) / recording_page;

// The set's reserved words are the observer's: where the ring is, in the program.
inline trace_ring* ring_of(const usage_set_record& set) {
    return std::bit_cast<trace_ring*>(set.reserved2[0]);
}
inline void set_ring(usage_set_record& set, trace_ring* ring) {
    set.reserved2[0] = std::bit_cast<std::uint64_t>(ring);
}

}  // namespace fil
