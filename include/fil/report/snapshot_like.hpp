#pragma once
// The seam between those who fill a snapshot and those who read it.
//
// A snapshot is a call tree and, for each kind of memory, the callstacks that hold some of it. A
// callstack is a node: its caller (another callstack) and the frame that the caller called. Node 0
// is the empty callstack, and callers stand before those they call; so a stack 20,000 frames deep
// with an allocation at each level costs 20,000 nodes and not 200 million, and one pass from front
// to back (or from back to front, for sums) visits everything without recursion.
//
// Readers may count on: every `caller` is smaller than its node, every `frame` and `callstack` is
// in range. They may not count on merged nodes (two with one caller and equal frames), on positive
// bytes, or on valid UTF-8. Nothing changes while somebody reads.

#include <concepts>
#include <cstdint>
#include <ranges>
#include <string>

#include "fil/base/ids.hpp"
#include "fil/report/frame.hpp"

namespace fil::report {

enum class frame_index : std::uint32_t {};
enum class callstack_index : std::uint32_t { empty = 0 };

constexpr std::uint32_t to_index(frame_index i) {
    return static_cast<std::uint32_t>(i);
}
constexpr std::uint32_t to_index(callstack_index i) {
    return static_cast<std::uint32_t>(i);
}

struct callstack {
    callstack_index caller;
    frame_index frame;

    bool operator==(const callstack&) const = default;
};

// Kinds of a report alone: what memory that is resident for the sake of the callstack's blocks
// lacks to be full (sparse_memory.hpp), at the peak and when the data was gone. `allocations`:
// blocks.
inline constexpr mapping_kind sparse_at_peak{mapping_kinds}, sparse_afterwards{mapping_kinds + 1};
inline constexpr int usage_kinds = mapping_kinds + 2;

// What one callstack allocated itself; those it called have counters of their own.
struct usage {
    std::int64_t bytes = 0;  // at the moment of the snapshot
    std::uint64_t allocations = 0;

    // What one thread allocated another may have freed: parts may be huge where the sum is not,
    // and wrap round.
    usage& operator+=(const usage& other) {
        bytes = static_cast<std::int64_t>(static_cast<std::uint64_t>(bytes) +
                                          static_cast<std::uint64_t>(other.bytes));
        allocations += other.allocations;
        return *this;
    }
    bool operator==(const usage&) const = default;
};

struct callstack_usage {
    callstack_index callstack;
    usage used;

    bool operator==(const callstack_usage&) const = default;
};

template <typename Range, typename Element>
concept random_access_of = std::ranges::random_access_range<Range> &&
    std::ranges::sized_range<Range> && std::same_as<std::ranges::range_value_t<Range>, Element>;

template <typename Snapshot>
concept snapshot_like = requires(const Snapshot& snapshot, mapping_kind kind) {
    { snapshot.frames() } -> random_access_of<frame>;
    // [0] is the empty callstack; its frame means nothing.
    { snapshot.callstacks() } -> random_access_of<callstack>;
    // `anonymous` is the memory that the report explains: the heap and anonymous mappings.
    { snapshot.used(kind) } -> random_access_of<callstack_usage>;
};

}  // namespace fil::report
