// With sources and threads: test/capi/record_test.cpp.

#include "process/block_events.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "process_fixture.hpp"

namespace fil {
namespace {

using namespace block_events;

constexpr callstack_id somebody = callstack_id::unknown;
alignas(64) char blocks[4][1 << 20];  // far from each other: in leaves of their own

// Of this process, published or not.
std::int64_t live() {
    return this_process.recording().session()->live + this_process.recorder().view().pending();
}
std::uint64_t missed() {
    return this_process.recorder().header().missed_events;
}

TEST(block_events, what_came_is_live_until_it_goes) {
    EXPECT_TRUE(elsewhere([] {
        alloc_at(blocks[0], 100, somebody);
        if (this_process.running() != nullptr) return false;  // before the start nothing happens
        this_process.start(privately());
        alloc_at(blocks[0], 100, somebody);  // by the slow path: the thread is new
        alloc_at(blocks[1], 200, somebody);
        const bool returned = alloc(blocks[2], 400) == blocks[2] &&
                              alloc_known(blocks[3], 800, somebody) == blocks[3];
        if (!returned || live() != 1500) return false;
        block_events::free(blocks[0]);
        block_events::free(blocks[3]);
        return live() == 600;
    }));
}

TEST(block_events, no_block_and_one_that_nobody_knows_are_none) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        alloc_at(blocks[0], 100, somebody);
        const bool none = alloc(nullptr, 100) == nullptr && alloc_slow(nullptr, 100) == nullptr;
        alloc_at(nullptr, 100, somebody);
        alloc_at_slow(nullptr, 100, somebody);
        block_events::free(nullptr);
        block_events::free(blocks[1]);
        free_slow(blocks[2]);
        return none && live() == 100;
    }));
}

TEST(block_events, a_block_that_came_without_a_free_between_is_the_new_one) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        for (int i = 0; i < 3; ++i) alloc_at(blocks[0], 100 + i, somebody);
        return live() == 102;
    }));
}

TEST(block_events, fast_and_slow_do_the_same) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        alloc_at_slow(blocks[0], 100, somebody);
        alloc_at(blocks[1], 50, somebody);
        free_slow(blocks[1]);
        block_events::free(blocks[0]);
        return live() == 0 && missed() == 0;
    }));
}

TEST(block_events, inside_an_event_an_allocation_is_missed_and_a_free_is_not) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        alloc_at(blocks[0], 100, somebody);
        entry::event([](process_recorder&, thread_state&) {
            alloc_at(blocks[1], 50, somebody);
            block_events::free(blocks[0]);
        });
        return missed() == 1 && live() == 0;
    }));
}

TEST(block_events, what_is_taken_out_can_be_put_back_as_it_was) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        alloc_at(blocks[0], 100, somebody);
        static registered_block taken;
        take(blocks[0], [](const registered_block& block) { taken = block; });
        if (live() != 0 || taken.bytes != 100) return false;
        restore(blocks[0], taken.bytes, taken.callstack, false);  // realloc failed
        restore(nullptr, 1, somebody, false);
        return live() == 100;
    }));
}

TEST(block_events, who_keeps_something_by_the_address_of_a_watched_block_hears_that_it_is_gone) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        const auto generation = [] { return *this_process.generation_address(); };
        alloc_at(blocks[0], 100, somebody);
        const auto before = generation();
        block_events::free(blocks[0]);
        if (generation() != before) return false;
        restore(blocks[0], 100, somebody, true);
        block_events::free(blocks[0]);
        return generation() != before;
    }));
}

TEST(block_events, of_several_threads_are_all_counted) {
    EXPECT_TRUE(elsewhere([] {
        this_process.start(privately());
        std::thread one([] {
            for (int i = 0; i < 1000; ++i) alloc_at(blocks[0] + 16 * i, 16, somebody);
        });
        for (int i = 0; i < 1000; ++i) alloc_at(blocks[1] + 16 * i, 16, somebody);
        one.join();
        for (int i = 0; i < 1000; ++i) block_events::free(blocks[0] + 16 * i);
        return live() == 16'000 && missed() == 0;
    }));
}

}  // namespace
}  // namespace fil
