#include "fil/trace/replay_plan.hpp"

#include <gtest/gtest.h>

#include "fil/trace/plan_file.hpp"
#include "trace_events.hpp"

namespace fil::trace {
namespace {

replay_plan plan_of(const std::vector<event>& events, runtime_memory of = runtime_memory::arenas) {
    replay_plan plan(of);
    for (const event& one : events) plan.add(one);
    return plan;
}

event of_runtime(event one) {
    one.of = layer::runtime_block;
    return one;
}

TEST(replay_plan, a_slot_is_used_again_when_it_is_free) {
    const replay_plan plan =
        plan_of({came(0, 10), went(0), came(1, 20), came(2, 30), went(1), went(2)});
    EXPECT_EQ(plan.slots(), 2u);
    EXPECT_EQ(plan.peak(), 50);
    ASSERT_EQ(plan.threads().size(), 1u);
    const auto& steps = plan.threads()[0].steps;
    ASSERT_EQ(steps.size(), 6u);
    EXPECT_EQ(steps[2].slot, steps[0].slot);
    EXPECT_EQ(steps[2].turn, 2u);
    EXPECT_EQ(steps[2].bytes(), 20u);
}

TEST(replay_plan, threads_take_turns_as_recorded) {
    const replay_plan plan = plan_of({came(0, 1, 5), came(1, 1, 5), went(0, 9), came(2, 1, 5)});
    ASSERT_EQ(plan.turns().size(), 3u);
    EXPECT_EQ(plan.turns()[0].steps, 2u);
    EXPECT_EQ(plan.turns()[1].thread, 1u);
    EXPECT_EQ(plan.threads()[0].number, 5u);
    EXPECT_EQ(plan.threads()[1].number, 9u);
}

TEST(replay_plan, a_thread_that_has_ended_hands_its_place_to_the_next) {
    std::vector<event> events;
    for (std::uint32_t i = 0; i < 100; ++i) {
        events.push_back(came(2 * i, 10, 1));
        events.push_back(came(2 * i + 1, 10, i + 2));  // a short one
        events.push_back(went(2 * i, i + 2));
    }
    const bytes file = file_of(events);
    const replay_plan plan(reader(file), 0, runtime_memory::arenas);
    EXPECT_EQ(plan.threads().size(), 2u);
    EXPECT_EQ(plan.steps(), 300u);
}

TEST(replay_plan, of_a_runtime_either_its_blocks_or_its_arenas) {
    const std::vector<event> events{
        mapped(operation::map, 1 << 20, 1 << 20, layer::runtime_arena), of_runtime(came(0, 40)),
        of_runtime(came(1, 50)), of_runtime(went(0)),
        mapped(operation::unmap, 1 << 20, 1 << 20, layer::runtime_arena)};
    const replay_plan arenas = plan_of(events), blocks = plan_of(events, runtime_memory::blocks);
    EXPECT_EQ(arenas.steps(), 2u);
    EXPECT_EQ(arenas.threads()[0].steps[0].what, step_kind::map);
    EXPECT_EQ(blocks.steps(), 3u);
    EXPECT_EQ(blocks.peak(), 90);
}

// Which the trace says when it goes.
TEST(replay_plan, of_what_is_large_as_much_is_touched_as_the_program_did) {
    event mapping = mapped(operation::touched_mapping, (1 << 20) + 4096, 12'288);
    const bytes file =
        file_of({came(0, 500'000), mapped(operation::map, 1 << 20, 1 << 20), came(1, 100),
                 touched(0, 8192), went(0), mapping, mapped(operation::unmap, 1 << 20, 1 << 20)});
    const replay_plan plan(reader(file), 0, runtime_memory::arenas);
    const auto& steps = plan.threads()[0].steps;
    std::vector<step_kind> kinds;
    for (const step& one : steps) kinds.push_back(one.what);
    EXPECT_EQ(kinds,
              (std::vector{step_kind::allocate, step_kind::touch, step_kind::map, step_kind::touch,
                           step_kind::allocate, step_kind::release, step_kind::unmap}));
    EXPECT_EQ(steps[1].bytes(), 8192u);
    EXPECT_EQ(steps[3].bytes(), 12'288u);
    EXPECT_TRUE(steps[0].is_touched_apart() && steps[2].is_touched_apart());
    EXPECT_FALSE(steps[4].is_touched_apart());
    EXPECT_EQ(plan.peak(), 500'000 + (1 << 20) + 100);
    // Another thread's release waits for it.
    EXPECT_EQ(steps[1].turn, 1u);
    EXPECT_EQ(steps[5].turn, 2u);
}

// As of one that was grown and of which a page was protected: the range is told of once, its parts
// go.
TEST(replay_plan, of_a_range_of_several_mappings_each_is_touched_as_much_as_it_can_hold) {
    constexpr std::uint64_t at = 1 << 20;
    event page = mapped(operation::map, at, 4096);
    page.kind = mapping_kind::reserved;
    const bytes file = file_of(
        {mapped(operation::map, at, 1 << 20), mapped(operation::map, 2 * at, 1 << 20),
         mapped(operation::unmap, at, 4096), page, mapped(operation::touched_mapping, at, 12'288),
         mapped(operation::unmap, at, 4096), mapped(operation::unmap, at + 4096, (1 << 20) - 4096),
         mapped(operation::unmap, 2 * at, 1 << 20)});
    const replay_plan plan(reader(file), 0, runtime_memory::arenas);
    std::vector<std::uint64_t> touched;
    for (const step& one : plan.threads()[0].steps) {
        if (one.what == step_kind::touch) touched.push_back(one.bytes());
        if (one.what == step_kind::map) {
            EXPECT_TRUE(one.is_touched_apart());
        }
    }
    EXPECT_EQ(touched, (std::vector<std::uint64_t>{8192, 0}));
}

TEST(replay_plan, of_an_arena_only_what_was_touched) {
    event arena = mapped(operation::map, 1 << 30, 1 << 30), other = arena;
    arena.kind = other.kind = mapping_kind::arena;
    other.address = std::uint64_t{1} << 40;  // of which nobody knows
    const bytes file = file_of({arena, other, mapped(operation::touched_mapping, 1 << 30, 9000),
                                mapped(operation::unmap, 1 << 30, 1 << 30)});
    const replay_plan plan(reader(file), 0, runtime_memory::arenas);
    EXPECT_EQ(plan.peak(), 12'288);
    ASSERT_EQ(plan.steps(), 3u);
    EXPECT_EQ(plan.threads()[0].steps[1].bytes(), 9000u);
    EXPECT_EQ(plan.threads()[0].steps[2].bytes(), 12'288u);
}

// From pymalloc to malloc and back: with arenas only malloc's half is replayed.
TEST(replay_plan, a_block_that_leaves_the_runtimes_allocator_comes_to_malloc) {
    event back = of_runtime(moved(1, 2, 100));
    const std::vector<event> events{of_runtime(came(0, 40)), moved(0, 1, 4000), back, went(2)};
    const replay_plan plan = plan_of(events);
    const auto& steps = plan.threads()[0].steps;
    ASSERT_EQ(steps.size(), 2u);
    EXPECT_EQ(steps[0].what, step_kind::allocate);
    EXPECT_EQ(steps[0].bytes(), 4000u);
    EXPECT_EQ(steps[1].what, step_kind::release);
}

TEST(replay_plan, a_mapping_goes_in_parts) {
    const replay_plan plan =
        plan_of({mapped(operation::map, 0x10000, 0x4000), mapped(operation::unmap, 0x11000, 0x1000),
                 mapped(operation::unmap, 0x10000, 0x8000)});
    const auto& steps = plan.threads()[0].steps;
    ASSERT_EQ(steps.size(), 4u);
    EXPECT_EQ(steps[1].turn, 1u);  // its second page
    EXPECT_EQ(steps[1].bytes(), 0x1000u);
    EXPECT_EQ(steps[2].turn, 0u);
    EXPECT_EQ(steps[2].bytes(), 0x1000u);
    EXPECT_EQ(steps[3].turn, 2u);
    EXPECT_EQ(steps[3].bytes(), 0x2000u);
}

TEST(replay_plan, what_is_not_known_is_not_released) {
    EXPECT_EQ(plan_of({went(3), moved(4, 5, 10), went(5)}).steps(), 2u);
}

event at(std::uint64_t milliseconds, event one) {
    one.milliseconds = milliseconds;
    return one;
}

// Each thread waits where time has gone on since its last event; the first event is at 0.
TEST(replay_plan, keeps_the_time_between_events_where_it_is_asked_to) {
    const std::vector<event> events{at(100, came(0, 10, 1)), at(100, came(1, 10, 2)),
                                    at(350, went(0, 1)), at(350, came(2, 10, 1)),
                                    at(400, went(1, 2))};
    replay_plan kept(runtime_memory::arenas, think_time::kept);
    for (const event& one : events) kept.add(one);
    EXPECT_EQ(kept.steps(), 5u);
    EXPECT_EQ(kept.waits(), 2u);
    const auto waits = [&](std::size_t thread) {
        std::vector<std::pair<std::size_t, std::uint64_t>> found;
        const auto& steps = kept.threads()[thread].steps;
        for (std::size_t i = 0; i < steps.size(); ++i)
            if (steps[i].what == step_kind::wait) found.emplace_back(i, steps[i].bytes());
        return found;
    };
    EXPECT_EQ(waits(0), (std::vector<std::pair<std::size_t, std::uint64_t>>{{1, 250}}));
    EXPECT_EQ(waits(1), (std::vector<std::pair<std::size_t, std::uint64_t>>{{1, 300}}));
    EXPECT_EQ(plan_of(events).waits(), 0u);
}

TEST(replay_plan, comes_back_whole_from_its_file) {
    replay_plan plan(runtime_memory::arenas, think_time::kept);
    for (const event& one : {came(0, 1ull << 33, 5), came(1, 7, 6), at(70, went(0, 6))})
        plan.add(one);
    std::vector<std::byte> file;
    write_plan(plan, [&](const void* data, std::size_t bytes) {
        const auto* from = static_cast<const std::byte*>(data);
        file.insert(file.end(), from, from + bytes);
    });
    mapped_plan read;
    ASSERT_TRUE(read.read(file));
    ASSERT_EQ(read.threads.size(), 2u);
    EXPECT_EQ(read.threads[0][0].bytes(), 1ull << 33);
    EXPECT_EQ(read.threads[1].size(), 3u);
    EXPECT_EQ(read.threads[1][1].bytes(), 70u);
    EXPECT_EQ(read.steps, 3u);
    EXPECT_EQ(read.turns.size(), 2u);
    EXPECT_EQ(read.slots, 2u);
    file.pop_back();
    EXPECT_FALSE(mapped_plan().read(file));
}

}  // namespace
}  // namespace fil::trace
