#include "fil/track/thread_leases.hpp"

#include <gtest/gtest.h>

#include "../capture/scratch_recording.hpp"
#include "process/session_words.hpp"

namespace fil {
namespace {

struct leases : testing::Test {
    test::scratch_recording recording;
    session_page session{};
    peak_tracker<session_words> peak{session_words(session, recording.memory().header())};
    thread_leases<linux_system> all{recording.memory(), 100};
};

TEST_F(leases, threads_at_the_same_time_have_counters_of_their_own) {
    thread_state* one = all.take(peak);
    thread_state* two = all.take(peak);
    ASSERT_TRUE(one != nullptr && two != nullptr);
    EXPECT_NE(one->set, two->set);
    EXPECT_EQ(session.threads, 2u);
    // No two of them write one line, nor do their sources.
    const auto line = [](const void* at) { return reinterpret_cast<std::uintptr_t>(at) / 64; };
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(one) % 64, 0u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(one->source_memory) % 64, 0u);
    EXPECT_GT(line(one->source_memory), line(reinterpret_cast<char*>(one + 1) - 1));
    EXPECT_NE(line(static_cast<char*>(one->source_memory) + 99), line(two));
}

TEST_F(leases, the_next_thread_goes_on_with_the_counters_of_one_that_ended) {
    thread_state* one = all.take(peak);
    usage_set_record* set = one->set;
    one->inherited = callstack_id{7};
    peak.change(set->pending, 300);
    all.give_back(*one, peak);
    EXPECT_EQ(session.live, 300);  // nobody would publish it later
    EXPECT_EQ(session.peak, 300);
    thread_state* next = all.take(peak);
    EXPECT_EQ(next->set, set);
    EXPECT_EQ(next->inherited, callstack_id::none);
    EXPECT_EQ(recording.memory().header().threads_ever, 2u);
    EXPECT_EQ(session.threads, 1u);
}

TEST_F(leases, a_set_is_in_the_directory_with_the_place_where_lost_bytes_go) {
    usage_set_record* set = all.make_set(mapping_kind::file);
    ASSERT_NE(set, nullptr);
    EXPECT_NE(known_usage_of(recording.memory(), *set, callstack_id::unknown), nullptr);
    int found = 0;
    recording.view().for_each_usage_set([&](const usage_set_record& each) {
        found += &each == set && each.kind == mapping_kind::file;
    });
    EXPECT_EQ(found, 1);
}

TEST(thread_leases, without_room_there_is_none_and_it_is_not_asked_again) {
    test::scratch_recording recording(1 << 20);
    session_page session{};
    const peak_tracker peak(session_words(session, recording.memory().header()));
    thread_leases<linux_system> all(recording.memory(), 0);
    thread_state* first = nullptr;
    for (int threads = 0; threads != 10'000; ++threads) {
        thread_state* taken = all.take(peak);
        if (taken == nullptr) break;
        first = taken;
    }
    EXPECT_EQ(all.take(peak), nullptr);
    if (first != nullptr) {
        all.give_back(*first, peak);
        EXPECT_EQ(all.take(peak), first);
    }
}

TEST(thread_state, frees_deferred_come_out_last_first_and_have_an_end) {
    thread_state state;
    for (std::uintptr_t at = 1; at <= thread_state::max_deferred; ++at)
        EXPECT_TRUE(state.defer({at, {}}));
    EXPECT_FALSE(state.defer({99, {}}));
    deferred_free one;
    for (std::uintptr_t at = thread_state::max_deferred; at != 0; --at) {
        ASSERT_TRUE(state.take_deferred(one));
        EXPECT_EQ(one.address, at);
    }
    EXPECT_FALSE(state.take_deferred(one));
    EXPECT_TRUE(state.defer({5, {}}));
}

}  // namespace
}  // namespace fil
