// Processes that were killed at any place are test/capi/killed_test.cpp's.

#include "session/session_sums.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "made_process.hpp"
#include "process/session_words.hpp"

namespace fil {
namespace {

struct sums : testing::Test {
    // As it adds to the session's live and threads.
    joined_process& add(std::int64_t live) {
        made.push_back(std::make_unique<joined_process>(test::made_process(int(made.size()) + 2)));
        joined_process& one = *made.back();
        const session_words words(page, one.header());
        words.add_thread();
        words.add(live);
        open.push_back(&one);
        return one;
    }

    session_page page{};
    std::vector<std::unique_ptr<joined_process>> made;
    std::vector<joined_process*> open;
};

TEST_F(sums, who_died_between_two_additions_is_made_up_for) {
    add(100);
    joined_process& dead = add(50);
    page.live += 7;  // it had not added it to its own part
    page.threads += 1;
    dead.header().changes_begun += 1;
    EXPECT_FALSE(session_sums(page, open).try_to_correct()) << "it may be in the middle of it";
    EXPECT_EQ(page.live, 157);
    dead.ended = true;
    EXPECT_TRUE(session_sums(page, open).try_to_correct());
    EXPECT_EQ(page.live, 150);
    EXPECT_EQ(page.threads, 2);
}

TEST_F(sums, who_has_closed_has_no_part) {
    add(100);
    joined_process& closed = add(50);
    session_sums(page, open).close(closed);
    EXPECT_TRUE(closed.closed());
    EXPECT_EQ(page.live, 100);
    session_sums(page, open).close(closed);
    EXPECT_EQ(page.live, 100) << "once";
    page.live = 1;
    EXPECT_TRUE(session_sums(page, open).try_to_correct());
    EXPECT_EQ(page.live, 100);
}

TEST_F(sums, that_somebody_scribbled_over_stay_within_an_address_space) {
    add(100).header().live = INT64_MAX;
    add(100).header().live = INT64_MAX;
    EXPECT_TRUE(session_sums(page, open).try_to_correct());
    EXPECT_EQ(page.live, plausible(INT64_MAX));
}

TEST_F(sums, nothing_is_pending_of_who_has_no_counters) {
    add(100);
    EXPECT_EQ(session_sums(page, open).pending(), 0);
}

}  // namespace
}  // namespace fil
