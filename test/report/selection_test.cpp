#include "fil/report/selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "fil/report/tidy.hpp"
#include "made_snapshot.hpp"

using namespace fil::report;
using fil::mapping_kind;

namespace {

frame_list line(std::uint32_t number) {
    return {python("a.py", number, "f")};
}

std::string line_text(std::uint32_t number) {
    return stack_text(line(number));
}

}  // namespace

TEST(selection, drops_what_holds_nothing) {
    made_snapshot tidy;
    tidy.holds(10, line(1)).holds(0, line(2)).holds(-5, line(3));
    const selection chosen = select(tidy);
    EXPECT_EQ(bytes_of(chosen.shown), (bytes_by_text{{line_text(1), 10}}));
    EXPECT_EQ(chosen.hidden_callstacks, 0u);
    EXPECT_EQ(chosen.hidden_bytes, 0);
    EXPECT_EQ(chosen.totals[0], 10);
}

TEST(selection, stops_once_more_than_the_share_is_shown) {
    made_snapshot tidy;
    tidy.holds(90, line(1)).holds(9, line(2)).holds(1, line(3));
    // 99 of 100 is not more than 99 %.
    EXPECT_EQ(select(tidy, {.least = 1}).hidden_callstacks, 0u);
    EXPECT_EQ(select(tidy, {.share = 0.98, .least = 1}).hidden_callstacks, 1u);
    EXPECT_EQ(select(tidy, {.share = 0.98, .least = 1}).hidden_bytes, 1);
    EXPECT_EQ(select(tidy, {.share = 0.98, .least = 3}).hidden_callstacks, 0u);
}

TEST(selection, shows_a_hundred_at_least_and_ten_thousand_at_most) {
    made_snapshot few;
    few.holds(1'000'000, line(0));
    for (std::uint32_t i = 1; i < 300; ++i) few.holds(1, line(i));
    EXPECT_EQ(select(few).hidden_callstacks, 200u);
    EXPECT_EQ(select(few).hidden_bytes, 200);

    made_snapshot many;
    for (std::uint32_t i = 0; i < 12'345; ++i) many.holds(10 + (i == 12'344), line(i));
    const selection chosen = select(many);
    EXPECT_EQ(chosen.shown.used(mapping_kind::anonymous).size(), 10'000u);
    EXPECT_EQ(chosen.hidden_callstacks, 2'345u);
    EXPECT_EQ(chosen.hidden_bytes, 23'450);
    EXPECT_EQ(chosen.shown.used(mapping_kind::anonymous)[0].used.bytes, 11);
}

TEST(selection, of_mappings_keeps_the_heaviest_and_the_total) {
    made_snapshot tidy;
    for (std::uint32_t i = 1; i <= 20; ++i) tidy.holds(i, line(i), mapping_kind::shared);
    const selection chosen = select(tidy);
    EXPECT_EQ(chosen.totals[static_cast<std::size_t>(mapping_kind::shared)], 210);
    const bytes_by_text top = bytes_of(chosen.shown, mapping_kind::shared);
    EXPECT_EQ(top.size(), 10u);
    EXPECT_EQ(top.at(line_text(20)), 20);
    EXPECT_FALSE(top.contains(line_text(10)));
    EXPECT_EQ(chosen.hidden_callstacks, 0u);
}

TEST(selection, keeps_only_the_frames_and_texts_it_needs) {
    made_snapshot tidy;
    tidy.holds(100, {python("<a>", 1, "f"), python("<a>", 2, "g")});
    tidy.holds(1, {python("<b>", 1, "f")});
    tidy.add_text("<a>", "aaa");
    tidy.add_text("<b>", "bbb");
    const selection chosen = select(tidy, {.share = 0.9, .least = 1});
    EXPECT_EQ(chosen.shown.frames().size(), 2u);
    EXPECT_EQ(chosen.shown.callstacks().size(), 3u);
    EXPECT_EQ(chosen.shown.texts(), (std::map<std::string, std::string>{{"<a>", "aaa"}}));
}

TEST(selection, what_sparse_memory_lacks_is_not_in_what_is_counted) {
    made_snapshot tidy;
    tidy.holds(100, line(1)).holds(5000, line(2), sparse_afterwards);
    const selection chosen = select(tidy);
    EXPECT_EQ(chosen.totals[static_cast<std::size_t>(mapping_kind::anonymous)], 100);
    EXPECT_EQ(chosen.totals[static_cast<std::size_t>(sparse_afterwards)], 5000);
}

TEST(selection, an_untouched_mapping_keeps_its_callstack) {
    made_snapshot tidy;
    tidy.holds(100, line(1));
    tidy.add_untouched_mapping({tidy.callstack(line(2)), 1000, 10});
    const selection chosen = select(tidy);
    ASSERT_EQ(chosen.shown.untouched_mappings().size(), 1u);
    const untouched_mapping& mapping = chosen.shown.untouched_mappings()[0];
    EXPECT_EQ(stack_text(frames_of(chosen.shown, mapping.callstack)), line_text(2));
    EXPECT_EQ(mapping.resident, 10);
}

TEST(selection, agrees_with_a_naive_model) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        const snapshot tidy = tidied(random_snapshot(seed, 300, 4, 10), {});
        std::vector<std::pair<std::int64_t, std::string>> sorted;
        for (const auto& [text, bytes] : bytes_of(tidy)) {
            if (bytes > 0) sorted.push_back({bytes, text});
        }
        std::ranges::sort(sorted, std::greater<>{});
        std::int64_t total = 0;
        for (const auto& [bytes, text] : sorted) total += bytes;
        const selection_limits limits{.share = 0.7, .least = seed, .most = 60};
        std::int64_t taken = 0;
        std::size_t count = 0;
        for (const auto& [bytes, text] : sorted) {
            if (count >= limits.most || (count >= limits.least && taken * 10 > total * 7)) break;
            taken += bytes;
            ++count;
        }
        const selection chosen = select(tidy, limits);
        // Which of equals are shown is free; how many, and what they hold, is not.
        EXPECT_EQ(chosen.shown.used(mapping_kind::anonymous).size(), count) << seed;
        EXPECT_EQ(chosen.shown.total(mapping_kind::anonymous), taken) << seed;
        EXPECT_EQ(chosen.hidden_callstacks, sorted.size() - count) << seed;
        EXPECT_EQ(chosen.hidden_bytes, total - taken) << seed;
        const bytes_by_text all = bytes_of(tidy);
        for (const auto& [text, bytes] : bytes_of(chosen.shown)) EXPECT_EQ(bytes, all.at(text));
    }
}
