// The remembered chain against the obvious thing, a walk from the root each time: random programs
// that call, return, jump, resume generators elsewhere and switch stacks.

#include "remembered_chain.hpp"

#include <gtest/gtest.h>

#include <random>

#include "scripted_stack.hpp"

using namespace fil::test;

namespace {

template <std::uint32_t First, std::uint32_t Scratch, typename Pages = ordinary_pages,
          bool CallersStayStamped = false>
void random_program(unsigned seed, std::size_t longest) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t limit) {
        return static_cast<std::size_t>(random() % limit);
    };
    thread<First, Scratch, Pages, CallersStayStamped> thread;
    std::vector<stack> stacks(3);
    std::vector<stack> generators;  // suspended frames, with what they delegate to
    std::size_t current = 0;
    address fresh = generators_frames;

    for (int step = 0; step < 4000; ++step) {
        stack& now = stacks[current];
        switch (below(10)) {
            case 0:
            case 1:
            case 2:  // call: the data stack reuses addresses, few functions
                for (std::size_t n = below(8) == 0 ? below(longest) : 1; n > 0; --n) {
                    if (now.size() >= longest) break;
                    const address where =
                        (current + 1) * 0x100000 + now.size() * 112 + below(2) * 16;
                    now.emplace_back(where, below(6));
                    thread.call_anew(now, now.size() - 1);
                }
                break;
            case 3:
            case 4:  // return
                for (std::size_t n = below(6) == 0 ? below(longest) : 1; n > 0 && !now.empty();
                     --n) {
                    now.pop_back();
                }
                break;
            case 5:  // the running frame goes on
                if (!now.empty()) now.back().second = below(6);
                break;
            case 6:  // a caller went on meanwhile: back there, and the same calls again
                if (!now.empty()) {
                    const std::size_t which = below(now.size());
                    now[which].second = below(6);
                    thread.call_anew(now, which + 1);
                }
                break;
            case 7:  // suspend the newest frames as a generator
                if (now.size() > 3) {
                    generators.emplace_back(now.end() - 1 - static_cast<long>(below(2)), now.end());
                    now.resize(now.size() - generators.back().size());
                    for (auto& [where, key] : generators.back()) where = fresh += 160;
                }
                break;
            case 8:  // resume one, wherever we are
                if (!generators.empty()) {
                    const std::size_t which = below(generators.size());
                    const stack resumed = generators[which];
                    generators.erase(generators.begin() + static_cast<long>(which));
                    now.insert(now.end(), resumed.begin(), resumed.end());
                    thread.call_anew(resumed);
                }
                break;
            case 9:
                if (below(4) == 0) current = below(stacks.size());
                break;
        }
        if (!stacks[current].empty() && below(3) != 0) thread.check(stacks[current]);
        if (::testing::Test::HasFailure()) FAIL() << "seed " << seed << " step " << step;
    }
}

}  // namespace

TEST(remembered_chain, agrees_with_a_naive_walk_of_random_programs) {
    for (unsigned seed = 0; seed < 40; ++seed) random_program<256, 64>(seed, 60);
}

TEST(remembered_chain, agrees_where_callers_stay_stamped) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        random_program<256, 64, ordinary_pages, true>(seed, 200);
    }
}

TEST(remembered_chain, a_call_looks_no_further_than_a_stamped_caller) {
    thread<256, 64, ordinary_pages, true> thread;
    stack now = deep(1);
    while (now.size() < 1000) {
        thread.check(now);
        now.emplace_back(now.back().first + 112, 7);
    }
    thread.show(now);
    thread.memory.loads = 0;
    thread.check(now);
    EXPECT_LE(thread.memory.loads, 300u);
    now[990].second = 8;  // a debugger moved a caller, which is near
    now.emplace_back(now.back().first + 112, 7);
    thread.check(now);
}

TEST(remembered_chain, agrees_where_it_grows) {
    for (unsigned seed = 0; seed < 40; ++seed) random_program<2, 4>(seed, 60);
}

TEST(remembered_chain, agrees_where_stacks_outgrow_it_and_there_is_no_memory) {
    for (unsigned seed = 0; seed < 40; ++seed) random_program<10, 4, no_pages>(seed, 60);
}

TEST(remembered_chain, an_unchanged_stack_is_not_interned_again) {
    thread<256, 64> thread;
    thread.check(deep(50));
    thread.tree.interned = 0;
    EXPECT_EQ(thread.found(deep(50)), thread.expected(deep(50)));
    EXPECT_EQ(thread.tree.interned, 50u);  // expected()'s own
}

TEST(remembered_chain, a_call_interns_one_frame) {
    thread<256, 64> thread;
    stack now = deep(50);
    thread.check(now);
    now.emplace_back(9999, 7);
    thread.tree.interned = 0;
    thread.found(now);
    EXPECT_EQ(thread.tree.interned, 1u);
}

TEST(remembered_chain, a_return_interns_nothing_however_far) {
    thread<256, 64> thread;
    thread.check(deep(50));
    thread.tree.interned = 0;
    thread.found(deep(12));
    EXPECT_EQ(thread.tree.interned, 0u);
}

TEST(remembered_chain, what_changed_at_the_root_changes_all_above) {
    thread<256, 64> thread;
    stack now = deep(50);
    const fil_callstack before = thread.found(now);
    now[0].second = 77;
    thread.call_anew(now, 1);
    EXPECT_NE(thread.found(now), before);
    thread.check(now);
}

TEST(remembered_chain, equal_frames_on_another_caller_are_another_stack) {
    thread<256, 64> thread;
    stack now = deep(10);
    thread.check(now);
    now.erase(now.begin() + 4);  // the frames above now stand on frame 3
    thread.call_anew(now, 4);
    thread.check(now);
    now.insert(now.begin() + 2, {5555, 3});
    thread.call_anew(now, 2);
    thread.check(now);
}

TEST(remembered_chain, a_deep_stack_is_interned_once) {
    thread<16, 16> thread;
    thread.check(deep(100000));
    thread.tree.interned = 0;
    stack now = deep(100001);
    now.front().second = 1;
    thread.found(now);
    EXPECT_EQ(thread.tree.interned, 1u);
    EXPECT_EQ(thread.chain->count(), 100001u);
    thread.found(deep(3));
    thread.tree.interned = 0;
    thread.memory.loads = 0;
    thread.found(deep(100000));  // each frame is walked twice, however many there are
    EXPECT_EQ(thread.tree.interned, 99997u);
    EXPECT_LE(thread.memory.loads, 400100u);
}

TEST(remembered_chain, a_stack_deeper_than_memory_is_right_every_time) {
    thread<100, 16, no_pages> thread;
    for (int turn = 0; turn < 3; ++turn) thread.check(deep(1000));
    stack now = deep(1000);
    now.back().second = 3;
    thread.check(now);
    now[500].second = 3;
    thread.call_anew(now, 501);
    thread.check(now);
    thread.check(deep(3));
}

TEST(remembered_chain, the_same_call_is_known_without_a_look_at_its_callers) {
    thread<256, 64> thread;
    thread.check(deep(50));
    thread.memory.loads = 0;
    thread.found(deep(50));
    EXPECT_LE(thread.memory.loads, 3u);
    stack now = deep(50);
    now.back().second = 99;  // it went on
    thread.memory.loads = 0;
    thread.check(now);
    EXPECT_LE(thread.memory.loads, 6u);
    thread.call_anew(now, 49);
    thread.memory.loads = 0;
    thread.check(now);
    EXPECT_GT(thread.memory.loads, 50u);
}

TEST(remembered_chain, a_forgotten_chain_is_walked_anew) {
    thread<256, 64> thread;
    thread.check(deep(5));
    thread.chain->forget();
    thread.tree.interned = 0;
    thread.found(deep(5));
    EXPECT_EQ(thread.tree.interned, 5u);
}

TEST(remembered_chain, what_stands_on_dead_code_is_walked_anew) {
    thread<256, 64> thread;
    thread.check(deep(50));
    thread.chain->forget_keys(30, 1);
    thread.tree.interned = 0;
    thread.found(deep(50));
    EXPECT_EQ(thread.tree.interned, 21u);
    thread.chain->forget_keys(51, 9);
    thread.tree.interned = 0;
    thread.memory.loads = 0;
    thread.found(deep(50));  // the same call still
    EXPECT_EQ(thread.tree.interned, 0u);
    EXPECT_LE(thread.memory.loads, 3u);
    thread.chain->forget_keys(50, 1);
    EXPECT_EQ(thread.chain->same_as_last(50 * 112, frames_of<false>{&thread.memory}),
              FIL_CALLSTACK_NONE);
}

TEST(remembered_chain, stands_on_the_callstack_of_another) {
    thread<256, 64> thread;
    const stack now = deep(10);
    const fil_callstack alone = thread.found(now);
    const fil_callstack below = thread.tree.child(FIL_CALLSTACK_UNKNOWN, 77);
    thread.chain->stand_on(below);
    fil_callstack expected = below;
    for (const auto& [where, key] : now) expected = thread.tree.child(expected, key);
    EXPECT_EQ(thread.found(now), expected);
    thread.tree.interned = 0;
    thread.chain->stand_on(below);  // as before: what is known stays
    EXPECT_EQ(thread.found(now), expected);
    EXPECT_EQ(thread.tree.interned, 0u);
    thread.chain->stand_on(FIL_CALLSTACK_UNKNOWN);
    EXPECT_EQ(thread.found(now), alone);
}
