#include "fil/capture/stack_memo.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace fil {
namespace {

// A stack of five frames, of 8 words each, of which a walk reads the return addresses.
struct stack_memo_test : testing::Test {
    struct {
        std::uintptr_t end = ~std::uintptr_t{0};
        bool holds_until(std::uintptr_t wanted) const { return wanted <= end; }
    } reach;
    std::unique_ptr<stack_memo> memo = std::make_unique<stack_memo>();
    std::uintptr_t words[48] = {};
    stack_frame frames[5] = {};
    int times_kept = 1;  // as if it were as much deeper

    void stand(std::uintptr_t outermost) {
        for (std::size_t i = 0; i < 5; ++i) {
            const std::uintptr_t pc = i == 4 ? outermost : 0x1000 + i;
            words[8 * i + 7] = pc;
            frames[i].place = {pc, address_of(&words[8 * i + 8]), 0};
        }
    }
    const frame_place& place() const { return frames[0].place; }
    std::uint64_t hash() const { return stack_memo::hash(place().sp, place().pc); }
    callstack_id find() { return callstack_id{memo->find(hash(), place(), reach)}; }
    callstack_id find_next() { return callstack_id{memo->find_next(hash(), place(), reach)}; }
    void keep(callstack_id callstack) {
        if (!memo->wants()) return;
        const auto all_words = [&](auto visit) {
            const auto frame = [&](std::size_t i) -> const stack_frame& { return frames[i]; };
            for (int again = 0; again < times_kept; ++again) words_of(frame, 5)(visit);
        };
        memo->keep(frames[0], all_words, to_index(callstack));
    }
    // As a source does.
    callstack_id meet(callstack_id callstack) {
        callstack_id found = find_next();
        if (found != callstack_id::none) return found;
        found = find();
        if (found == callstack_id::none) keep(callstack);
        return found;
    }
};

TEST_F(stack_memo_test, a_stack_is_kept_when_it_is_met_the_second_time) {
    stand(0x2000);
    EXPECT_EQ(meet(callstack_id{7}), callstack_id::none);
    EXPECT_EQ(meet(callstack_id{7}), callstack_id::none);
    EXPECT_EQ(meet(callstack_id{7}), callstack_id{7});
    words[8 * 4 + 7] = 0x3000;  // another caller
    EXPECT_EQ(find(), callstack_id::none);
}

TEST_F(stack_memo_test, several_stacks_of_one_key_are_remembered) {
    for (int round = 0; round < 3; ++round) {
        for (std::uint32_t caller = 1; caller <= 8; ++caller) {
            stand(0x2000 + caller);
            for (int again = 0; again < 2; ++again) meet(callstack_id{caller});
        }
    }
    for (std::uint32_t caller = 1; caller <= 8; ++caller) {
        stand(0x2000 + caller);
        EXPECT_EQ(find(), callstack_id{caller});
    }
}

TEST_F(stack_memo_test, what_comes_in_turn_is_kept) {
    int found = 0;  // all, but for keys of which three have the same place
    for (std::uint32_t round = 0; round < 3; ++round) {
        for (std::uint32_t site = 0; site < 100; ++site) {
            stand(0x2000);
            frames[0].place.pc = 0x5000 + 16 * site;
            if (meet(callstack_id{site + 2}) == callstack_id{site + 2} && round == 2) ++found;
        }
    }
    EXPECT_GE(found, 94);
}

TEST_F(stack_memo_test, what_came_next_last_time_is_found_without_a_search) {
    const auto stand_at = [&](std::uint32_t site) {
        stand(0x2000);
        frames[0].place.pc = 0x5000 + 16 * site;
    };
    for (int round = 0; round < 4; ++round) {
        for (std::uint32_t site = 1; site <= 5; ++site) {
            stand_at(site);
            if (round == 3) {
                EXPECT_EQ(find_next(), callstack_id{site});
            } else {
                meet(callstack_id{site});
            }
        }
    }
    stand_at(1);
    words[8 * 4 + 7] = 0x3000;
    EXPECT_EQ(find_next(), callstack_id::none);  // it came next, but is another one now
    stand_at(3);
    EXPECT_EQ(find_next(), callstack_id::none);
    EXPECT_EQ(find(), callstack_id{3});
}

TEST_F(stack_memo_test, a_stack_that_leads_out_of_reach_is_not_compared) {
    stand(0x2000);
    for (int again = 0; again < 2; ++again) meet(callstack_id{7});
    reach.end = address_of(&words[40]);  // of its last word
    EXPECT_EQ(find(), callstack_id{7});
    --reach.end;
    EXPECT_EQ(find(), callstack_id::none);
}

TEST_F(stack_memo_test, what_was_forgotten_is_not_found) {
    stand(0x2000);
    for (int again = 0; again < 2; ++again) meet(callstack_id{7});
    memo->forget();
    EXPECT_EQ(find(), callstack_id::none);
}

TEST_F(stack_memo_test, the_ring_keeps_the_newest) {
    stand(0x2000);
    for (std::uint32_t i = 0; i < 20'000; ++i) {  // far more than there is room for
        frames[0].place.pc = 0x100000 + i;
        for (int again = 0; again < 8; ++again) meet(callstack_id{i + 2});
        ASSERT_EQ(find(), callstack_id{i + 2});
    }
    frames[0].place.pc = 0x100000;
    EXPECT_EQ(find(), callstack_id::none);
}

TEST_F(stack_memo_test, of_more_than_there_is_room_for_some_are_kept_longer) {
    constexpr std::uint32_t sites = 300;
    stand(0x2000);
    times_kept = 100;  // 4.8 KiB each, in 512 KiB
    std::uint32_t found = 0;
    for (int round = 0; round < 400; ++round) {
        for (std::uint32_t i = 0; i < sites; ++i) {
            frames[0].place.pc = 0x100000 + i;
            if (meet(callstack_id{i + 2}) == callstack_id{i + 2} && round >= 300) ++found;
        }
    }
    EXPECT_GT(found, 100 * sites / 5);  // with the newest kept: none
}

}  // namespace
}  // namespace fil
