#pragma once
// The observer that keeps a trace: each event of the recorder becomes an entry in the calling
// thread's ring (trace_rings.hpp). Where a ring is full its thread waits for the supervisor; where
// that takes nothing for ten seconds, the trace ends and the program goes on.
//
// What a block was asked for as (by calloc, by realloc, aligned, from a runtime's allocator) the
// hooks say before the event, in two bytes of the thread: `asked_as`.
//
// Hot path: no allocation, no throw; no lock, and no system call but to wait.

#include <bit>

#include "fil/recording/memory.hpp"
#include "fil/track/event_observer.hpp"
#include "process/trace_rings.hpp"

namespace fil {

// Each word is written and read whole: a processor waits where it reads more than was just written.
struct trace_words {
    std::uint32_t thread;  // its number; 0: none yet
    std::uint32_t about;   // trace_moved and so on, where an entry has them
    std::uint64_t place;   // log2 of the alignment, likewise
};
extern constinit thread_local trace_words this_trace __attribute__((tls_model("initial-exec")));

inline void trace_as_plain() {
    this_trace.about = 0;
    this_trace.place = 0;
}

class asked_as {
  public:
    explicit asked_as(unsigned how) { this_trace.about |= how << 3; }
    ~asked_as() { trace_as_plain(); }
    asked_as(const asked_as&) = delete;
};

class trace_observer {
  public:
    // Of this thread's next blocks; alignment 0: any.
    static void will_be_asked(bool zeroed, std::size_t alignment) {
        const std::uint64_t log2 = alignment == 0 ? 0 : std::bit_width(alignment) - 1u;
        this_trace.about = zeroed ? trace_zeroed << 3 : 0;
        this_trace.place = log2 << trace_place_bits;
    }

    // Before the first event of this process.
    void begin(recording_memory& memory);
    // Said by the only thread that there is, before there is another one.
    void threads_will_be_several() { is_shared_.store(true, std::memory_order_relaxed); }

    void block_came(thread_state& thread, const memory_extent& extent) {
        put_block(thread, trace_entry_kind::block_came, extent);
    }
    void block_went(thread_state& thread, const memory_extent& extent) {
        if (extent.bytes >= trace_large)
            put_touched(thread, extent.address, extent.bytes, trace_touched_block);
        put_block(thread, trace_entry_kind::block_went, extent);
    }
    // Of plain blocks, whose bytes an entry can hold.
    FIL_HOT bool has_room(thread_state& thread) const {
        const trace_ring* ring = ring_of(*thread.set);
        return ring != nullptr && has_room(*ring);
    }
    FIL_HOT bool has_room_to_go(thread_state& thread, std::uint64_t bytes) const {
        return has_room(thread) && bytes < trace_large;
    }
    FIL_HOT void came_at_once(thread_state& thread, const memory_extent& extent) {
        append(*ring_of(*thread.set), about_block(trace_entry_kind::block_came),
               place_of(extent.address), what_of(extent));
    }
    // Whose it was, and how much, is known from when it came.
    FIL_HOT void went_at_once(thread_state& thread, const memory_extent& extent) {
        append(*ring_of(*thread.set), about_block(trace_entry_kind::block_went), extent.address, 0);
    }
    // Whoever has its ring next says so first.
    void thread_ends(thread_state& thread) {
        if (trace_ring* ring = ring_of(*thread.set)) ring->room_until = 0;
    }
    void mapping_came(thread_state& thread, const memory_extent& extent, mapping_kind kind) {
        put(thread, trace_entry_kind::mapping_came, static_cast<unsigned>(kind), extent);
    }
    void mapping_went(thread_state& thread, const memory_extent& extent, mapping_kind kind) {
        put(thread, trace_entry_kind::mapping_went, static_cast<unsigned>(kind), extent);
    }
    // A mapping that is silenced: a runtime's allocator takes it, to hand it out in blocks.
    void arena_came(thread_state& thread, const memory_extent& extent) {
        put(thread, trace_entry_kind::mapping_came, trace_runtime_arena, extent);
    }
    void range_went(thread_state& thread, const memory_extent& extent) {
        if (extent.bytes >= trace_large)
            put_touched(thread, extent.address, extent.bytes, trace_touched_mapping);
        put(thread, trace_entry_kind::range_went, 0, extent);
    }
    void not_moved(thread_state& thread) {
        put(thread, trace_entry_kind::not_moved, 0, {0, 0, callstack_id::unknown});
    }

  private:
    FIL_HOT static std::uint64_t about_block(trace_entry_kind kind) {
        return this_trace.about | std::uint64_t(kind);
    }
    FIL_HOT static std::uint64_t place_of(std::uintptr_t address) {
        return this_trace.place | address;
    }
    FIL_HOT static std::uint64_t what_of(const memory_extent& extent) {
        return std::uint64_t{to_index(extent.callstack)} << 32 | extent.bytes;
    }
    void put_block(thread_state& thread, trace_entry_kind kind, const memory_extent& extent) {
        put(thread, about_block(kind), place_of(extent.address), extent);
    }
    void put(thread_state& thread, trace_entry_kind kind, unsigned about,
             const memory_extent& extent) {
        put(thread, about << 3 | std::uint64_t(kind), extent.address, extent);
    }
    // Where the thread has no ring yet, or that is full, or a size needs an entry of its own.
    void put(thread_state& thread, std::uint64_t about, std::uint64_t place,
             const memory_extent& extent);

    FIL_HOT static bool has_room(const trace_ring& ring) {
        return ring.written.load(std::memory_order_relaxed) < ring.room_until;
    }

    // One thread alone need not lock the bus for its numbers.
    FIL_HOT std::uint64_t next_order() {
        std::atomic<std::uint64_t>& next = root_->order;
        if (is_shared_.load(std::memory_order_relaxed))
            return next.fetch_add(trace_order_step, std::memory_order_relaxed);
        const std::uint64_t order = next.load(std::memory_order_relaxed);
        next.store(order + trace_order_step, std::memory_order_relaxed);
        return order;
    }

    FIL_HOT void append(trace_ring& ring, std::uint64_t about, std::uint64_t place,
                        std::uint64_t what) {
        const std::uint64_t at = ring.written.load(std::memory_order_relaxed);
        trace_entry& entry = ring.first[at & ring.mask];
        about |= root_->clock.load(std::memory_order_relaxed);
        entry = {next_order() | about, place, what};
        ring.written.store(at + 1, std::memory_order_release);
    }

    // How much of what is about to go is resident.
    FIL_RARE void put_touched(thread_state& thread, std::uintptr_t address, std::uint64_t bytes,
                              unsigned about);
    // A ring of this thread's, with room.
    trace_ring* prepare(thread_state& thread, std::uint64_t bytes);
    void number_thread();
    trace_ring* make_ring(usage_set_record& set);
    bool wait_for_room(trace_ring& ring);

    trace_root* root_ = nullptr;
    std::atomic<bool> is_shared_{false};
    recording_memory* memory_ = nullptr;
};
static_assert(event_observer<trace_observer>);

}  // namespace fil
