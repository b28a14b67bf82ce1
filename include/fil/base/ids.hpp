#pragma once
// The small integers that name things in a recording, each a type of its own.
//
// An id indexes a table of the recording; none of them is ever reused within one recording. Zero is
// always "none". They carry no thread or lifetime rules beyond that.

#include <cstdint>

namespace fil {

// Blocks and mappings are known by their addresses as numbers.
inline std::uintptr_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

// A node of the call tree. `unknown` is the root: a block whose stack nobody knows.
enum class callstack_id : std::uint32_t { none = 0, unknown = 1 };

// (kind, file, name, first line), interned once.
enum class function_id : std::uint32_t { none = 0 };

// A page of the recording: where a chunk begins.
enum class page_number : std::uint32_t { none = 0 };

template <typename Id>
constexpr std::uint32_t to_index(Id id) {
    return static_cast<std::uint32_t>(id);
}

// Callstack ids share a registry slot with the size of a block (track/registry_slot.hpp).
inline constexpr std::uint32_t callstack_bits = 25;
inline constexpr std::uint32_t max_callstacks = 1u << callstack_bits;

// What a function is of, by the numbers of fil_function_kind (fil.h). Those of runtimes have no
// name here: what they mean is for the reader of a recording (report/conventions/). `threads`: no
// function; the threads that a library started, whose file it is. `errand`: no function either; a
// thread, by its name, that works for its caller.
enum class function_kind : std::uint32_t {
    announced = 0,
    native_module = 2,
    threads = 3,
    errand = 5
};

// How it is known for whom a thread works: the line of an errand, by the numbers of
// fil_errand_kind.
enum class errand_kind : std::uint32_t {
    none = 0,
    task = 1,
    started = 2,
    guessed = 3,
    alone = 4,
    job = 5
};

// For whom a thread works, and how that is known.
struct asked_by {
    callstack_id callstack = callstack_id::none;
    errand_kind how = errand_kind::none;
    bool operator==(const asked_by&) const = default;
};

// Each kind of memory has counters of its own, but an arena: it counts as reserved, also while it
// is accessible (a report says how much of it is resident). Anonymous memory that forked children
// share is used memory as well: counted apart only because the system calls its pages shared.
enum class mapping_kind : std::uint8_t {
    anonymous = 0,
    file = 1,
    shared = 2,
    reserved = 3,
    shared_anonymous = 4,
    arena = 5,
    pool = 6,  // reserved too: its blocks are counted, and what is resident of it is mostly them
    requested = 7,  // of a report alone: a request for memory that failed
};
inline constexpr int mapping_kinds = 8;
inline constexpr int counted_kinds = 5;

constexpr bool is_in_peak(mapping_kind kind) {
    return kind == mapping_kind::anonymous || kind == mapping_kind::shared_anonymous;
}

}  // namespace fil
