#include "fil/trace/replay.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <mutex>
#include <random>
#include <set>

#include "trace_events.hpp"

namespace fil::trace {
namespace {

// Sees to it that each block goes once, after it came, with the size it had.
struct checking_allocator : simple_allocator<checking_allocator> {
    std::mutex lock;
    std::map<void*, std::size_t> live;
    std::size_t most = 0, now = 0, came = 0;
    int wrong = 0;

    void* allocate(std::size_t bytes, std::size_t) {
        void* block = std::malloc(bytes);
        const std::lock_guard hold(lock);
        live[block] = bytes;
        ++came;
        most = std::max(most, now += bytes);
        return block;
    }
    void release(void* block, std::size_t bytes) {
        {
            const std::lock_guard hold(lock);
            const auto found = live.find(block);
            if (found == live.end() || found->second != bytes) {
                ++wrong;
                return;
            }
            now -= bytes;
            live.erase(found);
        }
        std::free(block);
    }
};
static_assert(replayed_allocator<checking_allocator>);

// Pages of its own, so that what was touched of them can be seen.
struct mapping_allocator : simple_allocator<mapping_allocator> {
    void* last = nullptr;
    void* allocate(std::size_t bytes, std::size_t) { return last = map(bytes); }
    void* map(std::size_t bytes) {
        return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    void release(void* block, std::size_t bytes) { munmap(block, bytes); }
    std::size_t resident_pages(std::size_t bytes) const {
        std::vector<unsigned char> states(bytes / 4096);
        mincore(last, bytes, states.data());
        return static_cast<std::size_t>(std::ranges::count(states, 1));
    }
};

TEST(replay, touches_of_a_large_block_what_the_trace_says) {
    for (const auto order : {ordering::strict, ordering::free})
        for (const std::uint64_t pages : {0u, 3u}) {
            const bytes file = file_of({came(0, 1 << 20), touched(0, pages * 4096)});
            const replay_plan plan(reader(file), 0, runtime_memory::arenas);
            mapping_allocator allocator;
            prepared_replay prepared(plan);
            prepared.run(allocator, {touching::all, order, 0});
            EXPECT_EQ(allocator.resident_pages(1 << 20), pages);
            prepared.release_rest(allocator);
        }
}

// Blocks that one thread makes and another releases.
replay_plan handed_over(int count) {
    replay_plan plan;
    std::mt19937 random(1);
    std::vector<std::uint64_t> live;
    std::uint64_t next = 0;
    for (int i = 0; i < count; ++i) {
        const std::uint32_t thread = random() % 3 + 1;
        if (live.size() < 5 || random() % 2 == 0) {
            plan.add(came(next, random() % 300 + 1, thread));
            live.push_back(next++);
        } else {
            std::swap(live[random() % live.size()], live.back());
            plan.add(went(live.back(), thread));
            live.pop_back();
        }
    }
    for (const std::uint64_t block : live) plan.add(went(block, 1));
    return plan;
}

class replay_in : public ::testing::TestWithParam<ordering> {};

TEST_P(replay_in, each_block_goes_once_after_it_came) {
    const replay_plan plan = handed_over(3000);
    prepared_replay prepared(plan);
    for (int again = 0; again < 3; ++again) {
        checking_allocator allocator;
        prepared.run(allocator, {touching::all, GetParam(), 0});
        EXPECT_EQ(allocator.wrong, 0);
        EXPECT_TRUE(allocator.live.empty());
        EXPECT_GT(allocator.came, 1000u);
        if (GetParam() == ordering::strict) {
            EXPECT_EQ(allocator.most, std::size_t(plan.peak()));
        }
    }
}
INSTANTIATE_TEST_SUITE_P(order, replay_in, ::testing::Values(ordering::strict, ordering::free));

// A clock of its own: it goes on when somebody waits, and says until when.
struct watch_with_a_clock : null_watch {
    std::mutex lock;
    std::uint64_t now = 0;
    std::vector<std::uint64_t> asked;             // in the order of the waits
    std::map<std::uint64_t, std::uint64_t> came;  // of each size, when

    void after(std::uint32_t, const step& one, void*) {
        const std::lock_guard hold(lock);
        if (one.what == step_kind::allocate) came[one.bytes()] = now;
    }
    void wait_until(std::uint64_t milliseconds) {
        const std::lock_guard hold(lock);
        asked.push_back(milliseconds);
        now = std::max(now, milliseconds);
    }
};

TEST(replay, no_event_comes_earlier_than_in_the_program_where_time_is_kept) {
    replay_plan plan(runtime_memory::arenas, think_time::kept);
    std::uint64_t block = 0;
    for (const auto& [thread, milliseconds] : std::vector<std::pair<std::uint32_t, std::uint64_t>>{
             {1, 50}, {2, 50}, {1, 1050}, {2, 3000}}) {
        event one = came(block++, milliseconds + thread, thread);
        one.milliseconds = milliseconds;
        plan.add(one);
    }
    std::vector<std::span<const step>> threads;
    for (const replay_plan::thread& one : plan.threads()) threads.emplace_back(one.steps);
    for (const auto order : {ordering::strict, ordering::free})
        for (const bool waits : {true, false}) {
            std::vector<replay_slot> slots(plan.slots());
            const replay_steps steps{threads, plan.turns(), slots};
            watch_with_a_clock watch;
            null_allocator nothing;
            replay_options options{touching::none, order};
            options.waits = waits;
            replay<null_allocator, watch_with_a_clock>(nothing, steps, options, watch).run();
            std::ranges::sort(watch.asked);
            ASSERT_EQ(watch.came.size(), 4u);
            if (!waits) {
                EXPECT_TRUE(watch.asked.empty());
                continue;
            }
            EXPECT_EQ(watch.asked, (std::vector<std::uint64_t>{1000, 2950}));
            EXPECT_GE(watch.came[1051], 1000u);
            EXPECT_GE(watch.came[3002], 2950u);
            if (order == ordering::strict) {
                EXPECT_EQ(watch.came[1051], 1000u);
            }
        }
}

TEST(replay, what_the_trace_leaves_can_be_released) {
    replay_plan plan;
    plan.add(came(0, 100));
    plan.add(came(1, 200));
    plan.add(went(0));
    prepared_replay prepared(plan);
    checking_allocator allocator;
    prepared.run(allocator);
    EXPECT_EQ(allocator.live.size(), 1u);
    prepared.release_rest(allocator);
    EXPECT_TRUE(allocator.live.empty());
    EXPECT_EQ(allocator.wrong, 0);
}

TEST(replay, realloc_keeps_what_is_in_the_block) {
    replay_plan plan;
    plan.add(came(0, 10));
    plan.add(moved(0, 1, 5000));
    plan.add(moved(1, 2, 20));
    plan.add(went(2));
    prepared_replay prepared(plan);
    checking_allocator allocator;
    prepared.run(allocator);
    EXPECT_EQ(allocator.wrong, 0);
    EXPECT_EQ(allocator.came, 3u);
}

struct empty_allocator : simple_allocator<empty_allocator> {
    void* allocate(std::size_t, std::size_t) { return nullptr; }
    void release(void*, std::size_t) { ADD_FAILURE(); }
};

TEST(replay, an_allocator_that_has_no_memory_is_gone_on_without) {
    const replay_plan plan = handed_over(100);
    prepared_replay prepared(plan);
    empty_allocator allocator;
    prepared.run(allocator);
}

TEST(replay, on_the_null_allocator_nothing_is_touched) {
    const replay_plan plan = handed_over(1000);
    prepared_replay prepared(plan);
    null_allocator nothing;
    prepared.run(nothing, {touching::all, ordering::strict, 0});
}

}  // namespace
}  // namespace fil::trace
