// As the supervisor reads it: ordered_entries.hpp. In a program of its own, built to be traced.

#include "process/trace_observer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fil/recording/view.hpp"
#include "os/linux_system.hpp"
#include "os/os.hpp"
#include "os/wait_and_wake.hpp"
#include "session/ordered_entries.hpp"

namespace fil {
namespace {

constexpr std::uint64_t bytes = 32 << 20;
constexpr callstack_id somebody{7};

struct observed : testing::Test {
    observed() {
        EXPECT_TRUE(memory.format(42, 1));
        observer->begin(memory);
        thread.set = &set;
        this_trace = {};
    }
    ~observed() override { os::unmap(base, bytes); }

    trace_root& root() {
        for (const fact_record& fact : view.facts())
            if (view.text(fact.key) == trace_fact)
                return *memory.at<trace_root>(
                    page_number(std::stoul(std::string(view.text(fact.value)))));
        ADD_FAILURE() << "there is none";
        std::abort();
    }
    std::vector<ordered_entry> entries() {
        ordered_entries all;
        for (std::uint32_t i = 0; i < root().rings; ++i)
            all.add_ring(memory.at<trace_ring>(root().ring[i]), entries_of_ring(i));
        std::vector<ordered_entry> found;
        all.take(~0ull, [&](const ordered_entry& one) {
            if ((one.entry.order & 7) != static_cast<unsigned>(trace_entry_kind::thread))
                found.push_back(one);
        });
        EXPECT_FALSE(all.waits());
        return found;
    }
    static trace_entry_kind kind(const ordered_entry& one) {
        return static_cast<trace_entry_kind>(one.entry.order & 7);
    }
    static unsigned about(const ordered_entry& one) {
        return static_cast<unsigned>(one.entry.order >> 3) & 31;
    }

    void* base = os::map_private(bytes);
    recording_memory memory{base, bytes};
    recording_view view{base, bytes};
    std::unique_ptr<trace_observer> observer = std::make_unique<trace_observer>();
    usage_set_record set{};
    thread_state thread{};
};

TEST_F(observed, each_event_is_an_entry_in_the_order_in_which_they_came) {
    EXPECT_FALSE(observer->has_room(thread)) << "it has no ring yet";
    observer->block_came(thread, {0x1000, 100, somebody});
    ASSERT_TRUE(observer->has_room(thread));
    observer->came_at_once(thread, {0x2000, 200, somebody});
    observer->went_at_once(thread, {0x1000, 100, somebody});
    observer->mapping_came(thread, {0x100000, 4096, somebody}, mapping_kind::file);
    observer->not_moved(thread);
    const auto all = entries();
    ASSERT_EQ(all.size(), 5u);
    EXPECT_EQ(kind(all[0]), trace_entry_kind::block_came);
    EXPECT_EQ(all[0].entry.place, 0x1000u);
    EXPECT_EQ(all[0].bytes, 100u);
    EXPECT_EQ(all[0].entry.what >> 32, 7u);
    EXPECT_EQ(all[0].thread, 1u);
    EXPECT_EQ(all[1].bytes, 200u);
    EXPECT_EQ(kind(all[2]), trace_entry_kind::block_went);
    EXPECT_EQ(kind(all[3]), trace_entry_kind::mapping_came);
    EXPECT_EQ(about(all[3]), static_cast<unsigned>(mapping_kind::file));
    EXPECT_EQ(kind(all[4]), trace_entry_kind::not_moved);
}

TEST_F(observed, what_a_block_is_asked_for_as_is_said_of_it_and_not_of_the_next) {
    trace_observer::will_be_asked(true, 64);
    observer->block_came(thread, {0x1000, 100, somebody});
    trace_as_plain();
    {
        const asked_as moved(trace_moved);
        observer->block_went(thread, {0x1000, 100, somebody});
    }
    observer->block_came(thread, {0x2000, 100, somebody});
    const auto all = entries();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(about(all[0]), trace_zeroed);
    EXPECT_EQ(all[0].entry.place >> trace_place_bits, 6u);
    EXPECT_EQ(about(all[1]), trace_moved);
    EXPECT_EQ(about(all[2]), 0u);
    EXPECT_EQ(all[2].entry.place, 0x2000u);
}

TEST_F(observed, sizes_that_do_not_fit_are_put_together_again) {
    constexpr std::uint64_t giant = 5ull << 32;
    observer->block_came(thread, {0x1000, giant, somebody});
    observer->block_came(thread, {0x2000, trace_size_apart, somebody});
    std::vector<std::uint64_t> sizes;
    for (const ordered_entry& one : entries())
        if (kind(one) == trace_entry_kind::block_came) sizes.push_back(one.bytes);
    EXPECT_EQ(sizes, (std::vector<std::uint64_t>{giant, trace_size_apart}));
}

TEST_F(observed, of_what_is_large_it_is_said_how_much_was_touched) {
    auto* block = static_cast<char*>(os::map_private(1 << 20));
    block[0] = block[8192] = 1;
    EXPECT_FALSE(observer->has_room_to_go(thread, 1 << 20)) << "that asks the system";
    observer->block_went(thread, {reinterpret_cast<std::uintptr_t>(block), 1 << 20, somebody});
    const auto all = entries();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(kind(all[0]), trace_entry_kind::size);
    EXPECT_EQ(about(all[0]), trace_touched_block);
    EXPECT_EQ(all[0].bytes, 2u * 4096);
    EXPECT_EQ(kind(all[1]), trace_entry_kind::block_went);
    os::unmap(block, 1 << 20);
}

TEST_F(observed, where_the_supervisor_gave_up_events_are_lost_and_nobody_waits) {
    observer->block_came(thread, {0x1000, 100, somebody});
    root().gave_up = 1;
    observer->block_came(thread, {0x2000, 100, somebody});
    observer->mapping_came(thread, {0x3000, 4096, somebody}, mapping_kind::anonymous);
    EXPECT_EQ(root().lost, 2u);
    EXPECT_EQ(entries().size(), 1u);
}

TEST_F(observed, a_full_ring_is_waited_for_until_somebody_takes_from_it) {
    observer->block_came(thread, {0x1000, 1, somebody});
    auto& ring = *memory.at<trace_ring>(root().ring[0]);
    while (observer->has_room(thread)) observer->came_at_once(thread, {0x2000, 1, somebody});
    EXPECT_EQ(ring.written - ring.taken, entries_of_ring(0));
    std::thread takes([&] {
        os::sleep_for(20'000'000);
        ring.taken += 1000;
    });
    observer->block_came(thread, {0x3000, 1, somebody});
    takes.join();
    EXPECT_EQ(ring.written, entries_of_ring(0) + 1u);
    EXPECT_EQ(root().lost, 0u);
}

TEST_F(observed, threads_have_numbers_and_rings_of_their_own) {
    observer->block_came(thread, {0x1000, 1, somebody});
    observer->threads_will_be_several();
    usage_set_record others{};
    thread_state other{};
    other.set = &others;
    std::thread([&] { observer->block_came(other, {0x2000, 2, somebody}); }).join();
    observer->thread_ends(other);
    EXPECT_FALSE(observer->has_room(other)) << "whoever has its ring next says so first";
    std::thread([&] { observer->block_came(other, {0x3000, 3, somebody}); }).join();
    const auto all = entries();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].thread, 1u);
    EXPECT_EQ(all[1].thread, 2u);
    EXPECT_EQ(all[2].thread, 3u);
    EXPECT_EQ(root().rings, 2u);
}

}  // namespace
}  // namespace fil
