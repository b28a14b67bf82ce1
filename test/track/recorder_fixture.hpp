#pragma once
// A recorder of plain events, with a scripted source, and a reader of what it counted.

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "fil/recording/at_peak.hpp"
#include "fil/track/recorder.hpp"
#include "os/linux_system.hpp"
#include "process/session_words.hpp"

namespace fil {

// Answers what the test says.
struct scripted_source {
    void begin_thread(void*) {}
    static constexpr std::size_t thread_bytes = 0;
    static inline thread_local callstack_id next = callstack_id::unknown;
    callstack_id capture(void*) { return next; }
    static inline thread_local asked_by asks = {};
    asked_by asker() { return asks; }
};

// What is alive, by what it was told alone. For one thread.
struct extents_observer {
    struct known {
        std::uint64_t bytes;
        callstack_id callstack;
        bool operator==(const known&) const = default;
    };
    std::map<std::uintptr_t, known> blocks;
    std::int64_t mapped[mapping_kinds] = {};

    void block_came(thread_state&, const memory_extent& extent) {
        EXPECT_TRUE(blocks.insert({extent.address, {extent.bytes, extent.callstack}}).second);
    }
    void block_went(thread_state&, const memory_extent& extent) {
        const auto found = blocks.find(extent.address);
        ASSERT_NE(found, blocks.end());
        EXPECT_EQ(found->second, (known{extent.bytes, extent.callstack}));
        blocks.erase(found);
    }
    void mapping_came(thread_state&, const memory_extent& extent, mapping_kind kind) {
        mapped[static_cast<int>(kind)] += static_cast<std::int64_t>(extent.bytes);
    }
    void mapping_went(thread_state&, const memory_extent& extent, mapping_kind kind) {
        mapped[static_cast<int>(kind)] -= static_cast<std::int64_t>(extent.bytes);
    }
    // Each third event finds none, and is told by the slow path.
    std::uint32_t asked = 0;
    bool has_room(thread_state&) { return ++asked % 3 != 0; }
    bool has_room_to_go(thread_state& thread, std::uint64_t) { return has_room(thread); }
    void came_at_once(thread_state& thread, const memory_extent& extent) {
        block_came(thread, extent);
    }
    void thread_ends(thread_state&) {}
    void went_at_once(thread_state& thread, const memory_extent& extent) {
        block_went(thread, extent);
    }
};
static_assert(event_observer<extents_observer>);

template <event_observer Observer = null_observer>
struct fixture {
    static constexpr std::uint64_t bytes = 256 << 20;
    void* base = system_pages::map(bytes);
    session_page session{};
    scripted_source source;
    std::unique_ptr<process_registry> blocks = std::make_unique<process_registry>();
    using recorder_type =
        recorder<scripted_source, session_words, linux_system, process_registry, Observer>;
    std::unique_ptr<recorder_type> events;
    thread_state* thread = nullptr;

    fixture() {
        EXPECT_TRUE(recording_memory(base, bytes).format(1, 0));
        events = std::make_unique<recorder_type>(
            base, bytes, session_words(session, recording_memory(base, bytes).header()), *blocks,
            source);
        EXPECT_TRUE(events->prepare());
        thread = events->lease();
    }
    ~fixture() { system_pages::unmap(base, bytes); }

    recording_view view() const { return {base, bytes}; }
    // As the process does it (lib/process/process_life.cpp).
    void close() {
        events->mapped().note_arenas();
        events->words().close(view().pending());
    }

    callstack_id stack(std::uint32_t line) {
        const function_id f =
            events->functions().intern({function_kind::announced, "f", "f.c", "", 1});
        return events->tree().child(callstack_id::unknown, f, line);
    }
    void alloc(std::uintptr_t address, std::uint64_t size, callstack_id who) {
        scripted_source::next = who;
        events->record_alloc(*thread, address, size);
    }
    void free(std::uintptr_t address) { events->record_free(*thread, address); }

    // The fast path, as lib/process/block_events.hpp takes it; the slow one where it refuses. True
    // if it was the fast one.
    bool alloc_fast(std::uintptr_t address, std::uint64_t size, callstack_id who) {
        const bool done =
            is_leaf_cached(address) && events->record_alloc_fast(*thread, address, size, who);
        if (!done) alloc(address, size, who);
        return done;
    }
    bool free_fast(std::uintptr_t address) {
        const bool done = is_leaf_cached(address) && events->record_free_fast(*thread, address);
        if (!done) free(address);
        return done;
    }
    bool is_leaf_cached(std::uintptr_t address) {
        return events->is_leaf_cached(*thread, address) || events->cache_leaf(*thread, address);
    }

    // Bytes by callstack at the peak, as a reader finds them.
    std::map<callstack_id, std::int64_t> at_peak(
        mapping_kind kind = mapping_kind::anonymous) const {
        std::map<callstack_id, std::int64_t> found;
        const bool now = session.live + view().pending() > session.peak;
        view().for_each_usage(
            view().callstack_count(),
            [&](const usage_set_record& set, callstack_id id, const usage_record& usage) {
                if (set.kind != kind) return;
                found[id] += bytes_at_peak(usage, view().header(), session.peak, now);
            });
        std::erase_if(found, [](const auto& entry) { return entry.second == 0; });
        return found;
    }
};

}  // namespace fil
