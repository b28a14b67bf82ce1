#include "sample/memory_looks.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "fake_session.hpp"
#include "sample/pace.hpp"

namespace fil::cli {
namespace {

constexpr std::int64_t mib = 1 << 20, gib = 1 << 30;

struct memory_looks_test : testing::Test {
    test::fake_session session;
    memory_looks looks{session.handle()};
    // Recordings of this very process: whose memory it is does not matter here.
    std::vector<memory_looks::process> running = std::vector<memory_looks::process>(1);
    std::int64_t highest = 0, asked = 0;

    void are(std::size_t processes) {
        running.clear();
        for (std::size_t i = 0; i < processes; ++i) running.push_back({i, ::getpid(), 0});
        session.before_memory = [this] {
            ++asked;
            burn(0.005);
        };
    }

    memory_looks::height peak() const { return {highest, 1000 * gib}; }

    static void burn(double seconds) {
        for (const double end = cpu_seconds() + seconds; cpu_seconds() < end;) {
        }
    }

    void tick(double seconds, std::int64_t live) {
        const bool is_new_height = live > highest;
        highest = std::max(highest, live);
        session.live = live;
        looks.tick({seconds, live, highest, running.size(), is_new_height}, running,
                   [&] { return session.live; });
    }
};

TEST_F(memory_looks_test, many_processes_are_looked_at_for_a_slice_of_time_at_each_tick) {
    are(100);
    tick(1, 100 * mib);
    EXPECT_GT(asked, 0);
    EXPECT_LT(asked, 10) << "the session is to be served";
    EXPECT_TRUE(looks.parts(peak()).empty());
    int ticks = 1;
    for (; looks.parts(peak()).empty() && ticks < 100; ++ticks) tick(1 + ticks * 0.03, 100 * mib);
    EXPECT_EQ(asked, 100) << "each of them once";
    EXPECT_GT(ticks, 10);
    EXPECT_LT(ticks, 100);
    EXPECT_GT(looks.seconds_used(), 0.4);
}

TEST_F(memory_looks_test, of_a_slow_look_during_which_memory_falls_nothing_stands) {
    are(20);
    tick(1, 100 * mib);
    for (int i = 1; i < 20; ++i) tick(1 + i * 0.03, 70 * mib);
    EXPECT_GE(asked, 20);
    EXPECT_TRUE(looks.parts(peak()).empty());
}

TEST_F(memory_looks_test, who_keeps_sparse_memory_is_known_of_the_peak_and_of_the_rest) {
    const auto sparse = [](fil_callstack callstack, std::uint64_t bytes) {
        return fil_known_memory{FIL_KNOWN_SPARSE, {nullptr, 0}, 0, bytes, callstack, 3};
    };
    are(1);
    running[0].number = 4;
    session.memory = {sparse(7, 1000), sparse(9, 20)};
    tick(1, 100 * mib);
    ASSERT_EQ(looks.sparse(peak()).size(), 2u);
    EXPECT_EQ(looks.sparse(peak())[0].number, 4u);
    EXPECT_EQ(looks.sparse(peak())[0].callstack, 7u);
    EXPECT_EQ(looks.sparse(peak())[0].blocks, 3u);
    EXPECT_EQ(looks.sparse(peak())[1].bytes, 20u);
    EXPECT_TRUE(looks.last_sparse().empty());
    session.memory = {sparse(8, 5000)};
    for (int i = 0; i < 20; ++i) tick(3 + i * 0.05, 10 * mib);
    ASSERT_EQ(looks.last_sparse().size(), 1u);
    EXPECT_EQ(looks.last_sparse()[0].callstack, 8u);
    EXPECT_EQ(looks.sparse(peak()).size(), 2u);
    tick(9, 200 * mib);
    EXPECT_TRUE(looks.last_sparse().empty()) << "it has grown again";
    tick(9.1, 1000 * mib);
    EXPECT_TRUE(looks.sparse({4000 * mib, 1000 * gib}).empty()) << "nobody looked near that";
}

TEST_F(memory_looks_test, of_a_peak_that_passed_unseen_what_is_left_is_looked_at) {
    are(1);
    tick(1, 100 * mib);
    session.before_memory = [this] { session.live = 250 * mib; };
    tick(2, 300 * mib);
    EXPECT_TRUE(looks.parts(peak()).empty()) << "it passed meanwhile";
    session.before_memory = nullptr;
    tick(3, 230 * mib);
    EXPECT_TRUE(looks.parts(peak()).empty()) << "that is another peak";
    tick(4, 250 * mib);
    EXPECT_FALSE(looks.parts(peak()).empty());
}

TEST_F(memory_looks_test,
       what_was_seen_at_half_the_peak_is_told_and_at_less_if_as_much_is_resident) {
    are(1);
    tick(1, 100 * mib);
    EXPECT_FALSE(looks.parts({190 * mib, 1000 * gib}).empty());
    EXPECT_TRUE(looks.parts({210 * mib, 1000 * gib}).empty());
    std::int64_t seen = 0;
    for (const fil_resident_part& part : looks.parts(peak())) seen += part.bytes;
    EXPECT_FALSE(looks.parts({5000 * mib, seen + seen / 5}).empty());
    EXPECT_TRUE(looks.parts({5000 * mib, 2 * seen}).empty());
}

TEST_F(memory_looks_test, the_peak_is_not_kept_waiting_by_a_look_at_what_is_copied) {
    are(20);
    tick(1, 100 * mib);
    while (looks.is_looking()) tick(1.5, 100 * mib);
    running.push_back({20, ::getpid(), 0});
    tick(9, 100 * mib);
    ASSERT_TRUE(looks.is_looking());
    for (asked = 0; asked == 0 || looks.is_looking();) tick(9.1, 200 * mib);
    EXPECT_EQ(asked, 21);
    EXPECT_FALSE(looks.parts(peak()).empty());
}

TEST_F(memory_looks_test, who_ends_during_a_slow_look_and_who_begins_do_no_harm) {
    are(20);
    tick(1, 100 * mib);
    running.erase(running.begin(), running.begin() + 10);
    running.push_back({20, ::getpid(), 0});
    for (int i = 1; i < 20; ++i) tick(1 + i * 0.03, 100 * mib);
    EXPECT_FALSE(looks.parts(peak()).empty());
}

}  // namespace
}  // namespace fil::cli
