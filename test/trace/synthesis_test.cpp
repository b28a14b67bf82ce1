#include "fil/trace/synthesis.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "trace_events.hpp"

namespace fil::trace {
namespace {

using fil_synthetic::what;

// A program of two threads with phases: what it has live, how large and how old, changes.
std::vector<event> a_program(std::uint32_t blocks) {
    std::mt19937 random(5);
    std::vector<event> events;
    std::vector<std::uint64_t> live;
    for (std::uint32_t i = 0; i < blocks; ++i) {
        const std::uint32_t thread = i / 40 % 2 + 1;
        const std::uint64_t bytes = i % 500 == 7 ? 200'000 : 16 << random() % 7;
        events.push_back(came(i, bytes, thread));
        live.push_back(i);
        const bool shrinks = i > blocks / 2;
        while (!live.empty() && random() % 100 < (shrinks ? 60u : 40u)) {
            const std::size_t at = random() % 3 != 0 ? live.size() - 1 : random() % live.size();
            events.push_back(went(live[at], random() % 10 == 0 ? 3 - thread : thread));
            live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
    return events;
}

replay_plan plan_of(const std::vector<event>& events) {
    replay_plan plan;
    for (const event& one : events) plan.add(one);
    return plan;
}

struct seen {
    std::vector<double> live;  // after each block that came
    std::map<std::uint64_t, std::uint64_t> sizes;
    std::uint64_t others = 0;  // freed by another thread
};

seen of_steps(const fil_synthetic::counts& counts, std::uint64_t seed) {
    seen all;
    double live = 0;
    std::unordered_map<std::uint64_t, std::pair<std::uint64_t, std::uint32_t>> there;
    fil_synthetic::generator(counts, seed).run([&](const fil_synthetic::step& one) {
        if (one.does == what::come || one.does == what::map) {
            EXPECT_TRUE(there.emplace(one.block, std::pair(one.bytes, one.thread)).second);
            live += static_cast<double>(one.bytes);
            all.live.push_back(live);
            ++all.sizes[one.bytes];
            return;
        }
        const auto gone = there.find(one.block);
        ASSERT_NE(gone, there.end());  // it came, and went once
        EXPECT_EQ(gone->second.first, one.bytes);
        all.others += gone->second.second != one.thread ? 1 : 0;
        live -= static_cast<double>(one.bytes);
        there.erase(gone);
    });
    return all;
}

seen of_events(const std::vector<event>& events) {
    seen all;
    double live = 0;
    std::unordered_map<std::uint64_t, std::pair<std::uint64_t, std::uint32_t>> there;
    for (const event& one : events) {
        const auto block = static_cast<std::uint64_t>(one.block);
        if (one.what == operation::allocate) {
            there[block] = {one.bytes, one.thread};
            live += static_cast<double>(one.bytes);
            all.live.push_back(live);
            ++all.sizes[one.bytes];
            continue;
        }
        live -= static_cast<double>(there[block].first);
        all.others += there[block].second != one.thread ? 1 : 0;
    }
    return all;
}

TEST(synthesis, keeps_sizes_hand_overs_and_the_curve_of_live_memory) {
    const std::vector<event> events = a_program(20'000);
    const synthesis made(plan_of(events));
    const seen before = of_events(events), after = of_steps(made.counts(), 1);
    EXPECT_EQ(after.sizes, before.sizes);
    EXPECT_EQ(after.others, before.others);
    ASSERT_EQ(after.live.size(), before.live.size());
    const double peak = *std::ranges::max_element(before.live);
    double most = 0;
    for (std::size_t i = 0; i < before.live.size(); ++i)
        most = std::max(most, std::abs(after.live[i] - before.live[i]));
    EXPECT_LT(most, 0.05 * peak);
}

TEST(synthesis, the_same_seed_gives_the_same_steps_and_another_does_not) {
    const synthesis made(plan_of(a_program(3000)));
    EXPECT_EQ(of_steps(made.counts(), 1).live, of_steps(made.counts(), 1).live);
    EXPECT_NE(of_steps(made.counts(), 1).live, of_steps(made.counts(), 2).live);
}

TEST(synthesis, temporary_blocks_stay_temporary) {
    std::vector<event> events;
    for (std::uint64_t i = 0; i < 500; ++i) {
        events.push_back(came(i, 24));
        events.push_back(went(i));
    }
    const seen after = of_steps(synthesis(plan_of(events)).counts(), 1);
    EXPECT_EQ(*std::ranges::max_element(after.live), 24);
}

// As at the end of a program, just after it held most.
TEST(synthesis, what_goes_at_once_goes_at_once) {
    std::vector<event> events;
    std::uint64_t next = 0;
    for (; next < 10'000; ++next) events.push_back(came(next, 24 + next % 3));
    for (std::uint64_t i = 0; i < 9'000; ++i) events.push_back(went(i));
    for (; next < 10'100; ++next) events.push_back(came(next, 24));
    const seen before = of_events(events);
    const seen after = of_steps(synthesis(plan_of(events)).counts(), 1);
    EXPECT_NEAR(*std::ranges::max_element(after.live), *std::ranges::max_element(before.live),
                *std::ranges::max_element(before.live) / 50);
    EXPECT_NEAR(after.live.back(), before.live.back(), before.live.back() / 10);
}

// As at a program's end: the largest comes last, and nothing has gone before it.
TEST(synthesis, what_goes_when_nothing_more_comes_goes_after_all_of_it) {
    std::vector<event> events;
    for (std::uint32_t i = 0; i < 5000; ++i) events.push_back(came(i, 1000));
    events.push_back(came(5000, 1'000'000));
    for (std::uint32_t i = 0; i <= 5000; ++i) events.push_back(went(i));
    const seen made = of_steps(synthesis(plan_of(events)).counts(), 1);
    EXPECT_EQ(*std::ranges::max_element(made.live), 6'000'000);
}

TEST(synthesis, of_many_sizes_the_bytes_are_kept) {
    std::vector<event> events;
    for (std::uint64_t i = 0; i < 10'000; ++i) events.push_back(came(i, 20 + i * 7 % 9'973));
    double all = 0;
    for (const event& one : events) all += static_cast<double>(one.bytes);
    const seen after = of_steps(synthesis(plan_of(events)).counts(), 1);
    EXPECT_NEAR(after.live.back(), all, all / 1000);
    EXPECT_LT(after.sizes.size(), 2'500u);
}

TEST(synthesis, of_nothing_nothing_comes) {
    EXPECT_TRUE(of_steps(synthesis(plan_of({})).counts(), 1).live.empty());
}

TEST(synthesis, mappings_come_and_go_as_such) {
    const synthesis made(plan_of({mapped(operation::map, 1 << 20, 8192), came(0, 24),
                                  mapped(operation::unmap, 1 << 20, 4096), came(1, 24),
                                  mapped(operation::unmap, (1 << 20) + 4096, 4096)}));
    std::vector<what> all;
    fil_synthetic::generator(made.counts(), 1).run([&](const fil_synthetic::step& one) {
        all.push_back(one.does);
    });
    EXPECT_EQ(all, (std::vector{what::map, what::come, what::come, what::unmap}));
}

}  // namespace
}  // namespace fil::trace
