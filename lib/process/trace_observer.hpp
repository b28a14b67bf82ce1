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

struct trace_words {
    std::uint32_t thread;    // its number; 0: none yet
    std::uint8_t asked;      // trace_moved and so on
    std::uint8_t alignment;  // log2
};
extern constinit thread_local trace_words this_trace __attribute__((tls_model("initial-exec")));

class asked_as {
  public:
    explicit asked_as(unsigned how) { this_trace.asked |= static_cast<std::uint8_t>(how); }
    ~asked_as() { this_trace.asked = 0; }
    asked_as(const asked_as&) = delete;
};

class trace_observer {
  public:
    // Of this thread's next blocks; alignment 0: any.
    static void will_be_asked(bool zeroed, std::size_t alignment) {
        this_trace.asked = zeroed ? trace_zeroed : 0;
        this_trace.alignment =
            static_cast<std::uint8_t>(alignment == 0 ? 0 : std::bit_width(alignment) - 1);
    }

    // Before the first event of this process.
    void begin(recording_memory& memory);

    FIL_HOT void block_came(thread_state& thread, const memory_extent& extent) {
        put_block(thread, trace_entry_kind::block_came, extent);
    }
    FIL_HOT void block_went(thread_state& thread, const memory_extent& extent) {
        if (extent.bytes >= trace_large) [[unlikely]]
            put_touched(thread, extent, trace_touched_block);
        put_block(thread, trace_entry_kind::block_went, extent);
    }
    void mapping_came(thread_state& thread, const memory_extent& extent, mapping_kind kind) {
        put(thread, trace_entry_kind::mapping_came, static_cast<unsigned>(kind), 0, extent);
    }
    void mapping_went(thread_state& thread, const memory_extent& extent, mapping_kind kind) {
        put(thread, trace_entry_kind::mapping_went, static_cast<unsigned>(kind), 0, extent);
    }
    // A mapping that is silenced: a runtime's allocator takes it, to hand it out in blocks.
    void arena_came(thread_state& thread, const memory_extent& extent) {
        put(thread, trace_entry_kind::mapping_came, trace_runtime_arena, 0, extent);
    }
    void range_went(thread_state& thread, const memory_extent& extent) {
        if (extent.bytes >= trace_large) put_touched(thread, extent, trace_touched_mapping);
        put(thread, trace_entry_kind::range_went, 0, 0, extent);
    }
    void not_moved(thread_state& thread) {
        put(thread, trace_entry_kind::not_moved, 0, 0, {0, 0, callstack_id::unknown});
    }

  private:
    FIL_HOT void put_block(thread_state& thread, trace_entry_kind kind,
                           const memory_extent& extent) {
        const trace_words& words = this_trace;
        put(thread, kind, words.asked, words.alignment, extent);
    }

    FIL_HOT void put(thread_state& thread, trace_entry_kind kind, unsigned about,
                     std::uint64_t alignment, const memory_extent& extent) {
        if (root_ == nullptr) [[unlikely]]
            return;
        auto* ring = memory_->at<trace_ring>(ring_of(*thread.set));
        const bool is_usual = ring_of(*thread.set) != page_number::none &&
                              ring->thread == this_trace.thread &&
                              extent.bytes < trace_size_apart && has_room(*ring);
        if (!is_usual) [[unlikely]]
            ring = prepare(thread, extent.bytes);
        if (ring == nullptr) [[unlikely]]
            return;
        const std::uint64_t size =
            extent.bytes < trace_size_apart ? extent.bytes : std::uint64_t{trace_size_apart};
        append(*ring, kind, about, alignment << trace_place_bits | extent.address,
               std::uint64_t{to_index(extent.callstack)} << 32 | size);
    }

    static bool has_room(const trace_ring& ring) {
        return ring.written.load(std::memory_order_relaxed) - ring.taken_seen < ring.entries;
    }

    FIL_HOT void append(trace_ring& ring, trace_entry_kind kind, unsigned about,
                        std::uint64_t place, std::uint64_t what) {
        const std::uint64_t at = ring.written.load(std::memory_order_relaxed);
        const std::uint64_t clock = root_->clock.load(std::memory_order_relaxed) & 0xffff;
        const std::uint64_t number = root_->order.fetch_add(1);
        ring.first[at & (ring.entries - 1)] = {
            number << 24 | clock << 8 | about << 3 | static_cast<unsigned>(kind), place, what};
        ring.written.store(at + 1, std::memory_order_release);
    }

    // How much of what is about to go is resident.
    FIL_RARE void put_touched(thread_state& thread, const memory_extent& extent, unsigned about);
    // A ring of this thread's with room, and a size that needs an entry of its own in it.
    FIL_RARE trace_ring* prepare(thread_state& thread, std::uint64_t bytes);
    trace_ring* make_ring(usage_set_record& set);
    bool wait_for_room(trace_ring& ring);

    trace_root* root_ = nullptr;
    recording_memory* memory_ = nullptr;
};
static_assert(event_observer<trace_observer>);

}  // namespace fil
